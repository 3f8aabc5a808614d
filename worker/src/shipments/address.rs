//! Which addresses of notices are followed: the account's credentials go there, and anybody may have written them.

use reqwest::Url;

/// The lists that a notice may name.
const LISTS: [&str; 2] = ["/shipments", "/fulfillments"];
/// What stands around the number in the names of `ShipStation`'s API hosts. Public samples of notices have `ssapi`, `ssapi4`,
/// `ssapi6` and `ssapi11`.
const HOST: (&str, &str) = ("ssapi", ".shipstation.com");

/// Why an address is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("it is no address")]
    Unreadable,
    #[error("it has credentials or a fragment in it")]
    Decorated,
    #[error("its host is not ShipStation's")]
    Foreign,
    #[error("it is not a list of shipments")]
    NoList,
}

/// Reads an address. `base` is where the account's API is; nothing but that and `ShipStation`'s own hosts over https passes.
pub(super) fn address(text: &str, base: &str) -> Result<Url, Refusal> {
    let url = Url::parse(text).map_err(|_| Refusal::Unreadable)?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(Refusal::Decorated);
    }
    let configured = Url::parse(base).ok().filter(|base| base.origin().is_tuple() && base.origin() == url.origin());
    let path = match configured {
        Some(base) => url.path().strip_prefix(base.path().trim_end_matches('/')),
        None if is_shipstations(&url) => Some(url.path()),
        None => return Err(Refusal::Foreign),
    };
    let listed = path.is_some_and(|path| LISTS.contains(&path));
    if listed { Ok(url) } else { Err(Refusal::NoList) }
}

fn is_shipstations(url: &Url) -> bool {
    let number = url.host_str().and_then(|host| host.strip_prefix(HOST.0)?.strip_suffix(HOST.1));
    let named = number.is_some_and(|number| number.len() <= 3 && number.bytes().all(|digit| digit.is_ascii_digit()));
    named && url.scheme() == "https" && url.port().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://ssapi.shipstation.com";
    const SIMULATED: &str = "http://127.0.0.1:4010";

    #[test]
    fn shipstations_own_lists_are_followed() {
        for text in [
            "https://ssapi.shipstation.com/shipments?batchId=1&includeShipmentItems=False",
            "https://ssapi6.shipstation.com/shipments?storeID=2&batchId=1",
            "https://SSAPI11.shipstation.com:443/fulfillments?batchId=1",
        ] {
            assert!(address(text, BASE).is_ok(), "{text}");
            assert!(address(text, SIMULATED).is_ok(), "{text}");
        }
        assert!(address("http://127.0.0.1:4010/shipments?batchId=1", SIMULATED).is_ok());
        assert!(address("https://proxy.example/ss/shipments?batchId=1", "https://proxy.example/ss").is_ok());
    }

    #[test]
    fn nothing_else_is() {
        for text in [
            "http://ssapi.shipstation.com/shipments",
            "https://ssapi.shipstation.com:8443/shipments",
            "https://ssapi.shipstation.com.evil.example/shipments",
            "https://evil.example/ssapi.shipstation.com/shipments",
            "https://ssapi.shipstation.com@evil.example/shipments",
            "https://key:secret@ssapi.shipstation.com/shipments",
            "https://ssapi.shipstation.com/shipments#x",
            "https://ssapi.shipstation.com/orders",
            "https://ssapi.shipstation.com/shipments/../orders",
            "https://ssapi.shipstation.com/shipments/1",
            "https://ssapi.shipstation.com./shipments",
            "https://ssapi-1.shipstation.com/shipments",
            "https://ssapi1234.shipstation.com/shipments",
            "https://xssapi.shipstation.com/shipments",
            "https://shipstation.com/shipments",
            "http://169.254.169.254/shipments",
            "http://127.0.0.1:4011/shipments",
            "https://127.0.0.1:4010/shipments",
            "http://[::1]:4010/shipments",
            "file:///shipments",
            "/shipments",
            "",
        ] {
            assert!(address(text, BASE).is_err(), "{text}");
            assert!(address(text, SIMULATED).is_err(), "{text}");
        }
    }

    #[test]
    fn a_base_that_is_no_web_address_opens_nothing() {
        assert_eq!(address("file:///shipments", "file:///"), Err(Refusal::Foreign));
    }
}
