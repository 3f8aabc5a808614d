//! Secrets are read where they are used, each time, from where the configuration says they lie. So a renewed secret
//! counts with the next call, and no secret is ever in the ledger.

use std::io::Read as _;

use ::lane::shop::SecretRef;
use secrecy::SecretString;

/// Longest secret file that is read: tokens have some hundred bytes, and a wrong path must not fill the memory.
const LENGTH_MAX: u64 = 64 * 1024;

/// A secret that is not where it should be, or is empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret {reference} is missing or cannot be read")]
pub struct SecretMissing {
    /// Where it should be, never what it is.
    pub reference: String,
}

/// Reads a secret. A line break at its end is not part of it; an empty secret is a missing one.
pub fn read(reference: &SecretRef) -> Result<SecretString, SecretMissing> {
    let text = match reference {
        SecretRef::Env(name) => std::env::var(name).ok(),
        SecretRef::File(path) => file(path),
    };
    let secret = text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
    secret
        .filter(|secret| !secret.is_empty())
        .map(SecretString::from)
        .ok_or_else(|| SecretMissing { reference: reference.to_string() })
}

fn file(path: &str) -> Option<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path).ok()?.take(LENGTH_MAX).read_to_string(&mut text);
    read.ok().map(|_| text)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn of_file(content: &[u8]) -> Result<String, SecretMissing> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let reference = SecretRef::File(file.path().to_str().unwrap().to_owned());
        read(&reference).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn the_line_break_at_the_end_of_a_file_is_not_part_of_the_secret() {
        assert_eq!(of_file(b"shpat_1\n").unwrap(), "shpat_1");
        assert_eq!(of_file(b"shpat_1\r\n").unwrap(), "shpat_1");
        assert_eq!(of_file(b" two words ").unwrap(), " two words ");
    }

    #[test]
    fn an_empty_or_absent_secret_is_missing_and_the_error_names_only_the_place() {
        assert!(of_file(b"\n").is_err());
        assert!(of_file(&[0xff, 0xfe]).is_err());
        let missing = read(&"env:LANEKEEPER_NO_SUCH_SECRET".parse().unwrap()).unwrap_err();
        assert_eq!(missing.reference, "env:LANEKEEPER_NO_SUCH_SECRET");
        assert!(read(&"file:/no/such/file".parse().unwrap()).is_err());
    }

    #[test]
    fn a_variable_is_read_from_the_environment() {
        assert!(read(&"env:PATH".parse().unwrap()).is_ok());
    }
}
