//! Secrets in this process's environment and files.

use std::io::Read as _;

use async_trait::async_trait;
use lane::ports::{SecretError, Secrets};
use lane::shop::SecretRef;
use secrecy::SecretString;

/// Longest secret file that is read: tokens have some hundred bytes, and a wrong path must not fill the memory.
const LENGTH_MAX: u64 = 64 * 1024;

/// Reads variables and files. A parameter of AWS is missing here.
#[derive(Debug, Clone, Copy)]
pub struct Local;

#[async_trait]
impl Secrets for Local {
    async fn read(&self, reference: &SecretRef) -> Result<SecretString, SecretError> {
        let text = match reference {
            SecretRef::Env(name) => std::env::var(name).ok(),
            SecretRef::File(path) => file(path),
            SecretRef::Parameter(_) => None,
        };
        text.and_then(|text| secret(&text)).ok_or_else(|| SecretError::Missing { reference: reference.to_string() })
    }
}

/// A line break at the end is not part of it, and nothing is no secret.
pub(crate) fn secret(text: &str) -> Option<SecretString> {
    let secret = text.trim_end_matches(['\r', '\n']);
    (!secret.is_empty()).then(|| SecretString::from(secret.to_owned()))
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

    async fn of_file(content: &[u8]) -> Result<String, SecretError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let reference = SecretRef::File(file.path().to_str().unwrap().to_owned());
        Local.read(&reference).await.map(|secret| secret.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn the_line_break_at_the_end_of_a_file_is_not_part_of_the_secret() {
        assert_eq!(of_file(b"shpat_1\n").await.unwrap(), "shpat_1");
        assert_eq!(of_file(b"shpat_1\r\n").await.unwrap(), "shpat_1");
        assert_eq!(of_file(b" two words ").await.unwrap(), " two words ");
    }

    #[tokio::test]
    async fn an_empty_or_absent_secret_is_missing_and_the_error_names_only_the_place() {
        assert!(of_file(b"\n").await.is_err());
        assert!(of_file(&[0xff, 0xfe]).await.is_err());
        for absent in ["env:LANEKEEPER_NO_SUCH_SECRET", "file:/no/such/file", "ssm:/no/account"] {
            let missing = Local.read(&absent.parse().unwrap()).await.unwrap_err();
            assert_eq!(missing, SecretError::Missing { reference: absent.to_owned() });
        }
    }

    #[tokio::test]
    async fn a_variable_is_read_from_the_environment() {
        assert!(Local.read(&"env:PATH".parse().unwrap()).await.is_ok());
    }
}
