//! ShipStation signs nothing and sends no secret: whoever knows the address may send notices. So the address ends in a
//! random text, one for each account, and that is compared as carefully as a signature. It is never logged.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::settings::{Settings, Warehouse};
use crate::verify::Refused;

/// What the address of a notice says behind the route. Nothing if it is not text.
pub(crate) struct Told {
    pub(crate) account: String,
    pub(crate) secret: SecretString,
}

/// Finds the account whose address it is. Digests are compared, and made for names that nobody has as well, so that no
/// length, no common beginning and no account takes a time of its own.
pub(crate) fn verify<'a>(told: Option<&Told>, settings: &'a Settings) -> Result<&'a Warehouse, Refused> {
    let told = told.ok_or(Refused::WrongAddress)?;
    let given = Sha256::digest(told.secret.expose_secret());
    let warehouse = settings.warehouse(&told.account);
    let wanted = Sha256::digest(warehouse.map_or("", |warehouse| warehouse.secret.expose_secret()));
    let same = bool::from(given.as_slice().ct_eq(wanted.as_slice()));
    let warehouse = warehouse.ok_or(Refused::NoSuchAccount)?;
    if same { Ok(warehouse) } else { Err(Refused::WrongAddress) }
}
