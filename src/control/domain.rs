//! Shopify domains. The shop's token travels to the first of them, so a name that is not Shopify's is refused.

/// The end of every domain that Shopify names in its webhooks.
const SUFFIX: &str = ".myshopify.com";

/// A text that is no Shopify domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a Shopify domain; write it as name.myshopify.com, the way webhooks name the shop")]
pub(crate) struct InvalidDomain(String);

/// The domain in lower case, as webhooks are matched by it.
pub(crate) fn domain(text: &str) -> Result<String, InvalidDomain> {
    let lower = text.trim().to_ascii_lowercase();
    let name = lower.strip_suffix(SUFFIX).unwrap_or_default();
    let fits = (1..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if fits { Ok(lower) } else { Err(InvalidDomain(text.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_and_other_hosts_are_refused() {
        assert_eq!(domain("Acme-1.MyShopify.com").unwrap(), "acme-1.myshopify.com");
        for bad in [
            "",
            "acme",
            ".myshopify.com",
            "acme.com",
            "https://acme.myshopify.com",
            "acme.myshopify.com.example.com",
            "a.b.myshopify.com",
            "acme.myshopify.com/x",
            "-a.myshopify.com",
        ] {
            assert!(domain(bad).is_err(), "{bad}");
        }
    }
}
