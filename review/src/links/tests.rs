use lane::carriage::Carriage;
use lane::id::AccountId;
use lane::policy::Policy;
use lane::rules::HoldRules;
use lane::shop::{Qualification, Source};

use super::*;

const NEW: &str = "a secret of the new days, long enough to sign with";
const OLD: &str = "a secret of the old days, long enough to sign with";

fn links(secrets: &[&str]) -> Links {
    Links::new(secrets.iter().map(|secret| SecretString::from(*secret)).collect()).unwrap()
}

fn start() -> Timestamp {
    "2026-11-21T22:00:00.123456789Z".parse().unwrap()
}

fn days(count: u64) -> Timestamp {
    after(start(), Duration::from_hours(24 * count))
}

fn shop(id: &str, added_at: Timestamp) -> Shop {
    Shop {
        id: ShopId::parse(id).unwrap(),
        source: Source::Shopify,
        domains: vec![format!("{id}.myshopify.com")],
        token: SecretRef::Env("TOKEN".into()),
        warehouse: AccountId::at("shipstation", "main"),
        policy: Policy::default(),
        rules: HoldRules::default(),
        qualifies: Qualification::default(),
        carriage: Carriage::default(),
        added_at,
    }
}

/// The token of a link for 30 days.
fn token(links: &Links, id: &str) -> String {
    let (path, until) = links.make(&shop(id, start()), 30, start()).unwrap();
    assert_eq!(until, days(30));
    path.expose_secret().strip_prefix(LINK_PATH).unwrap().to_owned()
}

#[test]
fn a_link_is_good_for_its_shop_until_it_ends() {
    let links = links(&[NEW]);
    let longest = "x".repeat(ShopId::LENGTH_MAX);
    for id in ["a", "acme", longest.as_str()] {
        let token = token(&links, id);
        let link = links.read(&token, start()).unwrap();
        assert!(link.is_of(&shop(id, start())));
        assert!(!link.is_of(&shop("bolt", start())), "no other shop's");
        assert!(!link.is_of(&shop(id, days(1))), "nor of one that was added later");
        assert!(links.read(&token, after(start(), Duration::from_hours(30 * 24 - 1))).is_ok());
        for late in [30, 31, 4000] {
            assert_eq!(links.read(&token, days(late)).unwrap_err(), NoLink::Ended);
        }
        assert!(token.len() <= LENGTH_MAX);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        assert!(token.bytes().all(plain), "it stands in an address as it is");
    }
}

#[test]
fn altered_in_any_bit_it_is_no_link() {
    let links = links(&[OLD, NEW]);
    let token = token(&links, "acme");
    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    let mut tried = 0;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            let read = links.read(&URL_SAFE_NO_PAD.encode(altered), start());
            assert_eq!(read.unwrap_err(), NoLink::NoSecretMatches, "byte {at}, bit {bit}");
            tried += 1;
        }
    }
    assert_eq!(tried, 8 * (HEAD_BYTES + "acme".len() + SIGNATURE_BYTES));
}

#[test]
fn altered_in_any_sign_cut_off_or_prolonged_it_is_no_link() {
    let links = links(&[NEW]);
    let token = token(&links, "acme");
    for at in 0..token.len() {
        for sign in ["A", "_", "b", "=", "+", "%", " "] {
            let mut altered = token.clone();
            altered.replace_range(at..=at, sign);
            assert_eq!(links.read(&altered, start()).is_ok(), altered == token, "{altered}");
        }
        assert!(links.read(&token[..at], start()).is_err());
    }
    for altered in [format!("{token}A"), format!("{token}="), format!("{token}/"), "A".repeat(LENGTH_MAX + 1)] {
        assert!(links.read(&altered, start()).is_err(), "{altered}");
    }
}

#[test]
fn a_link_of_another_secret_is_none() {
    let token = token(&links(&[OLD]), "acme");
    assert_eq!(links(&[NEW]).read(&token, start()).unwrap_err(), NoLink::NoSecretMatches);
    assert_eq!(Links::default().read(&token, start()).unwrap_err(), NoLink::NoSecret);
}

#[test]
fn while_a_secret_is_changed_both_let_in_and_the_first_signs_and_what_is_taken_away_ends_its_links() {
    let (before, during, afterwards) = (links(&[OLD]), links(&[NEW, OLD]), links(&[NEW]));
    let (old, new) = (token(&before, "acme"), token(&during, "acme"));
    assert!(during.read(&old, start()).is_ok() && during.read(&new, start()).is_ok());
    assert!(afterwards.read(&new, start()).is_ok(), "the first had signed it");
    assert_eq!(afterwards.read(&old, start()).unwrap_err(), NoLink::NoSecretMatches);
}

#[test]
fn what_another_use_of_the_secret_signs_is_no_link() {
    let links = links(&[NEW]);
    let mut bytes = URL_SAFE_NO_PAD.decode(token(&links, "acme")).unwrap();
    bytes.truncate(bytes.len() - SIGNATURE_BYTES);
    let mut mac = Hmac::<Sha256>::new_from_slice(NEW.as_bytes()).unwrap();
    mac.update(&bytes);
    bytes.extend(mac.finalize().into_bytes());
    assert_eq!(links.read(&URL_SAFE_NO_PAD.encode(bytes), start()).unwrap_err(), NoLink::NoSecretMatches);
}

#[test]
fn signed_right_and_said_wrong_is_no_link() {
    let links = links(&[NEW]);
    let signed = |bytes: &[u8]| {
        let signature = digest(&NEW.into(), bytes).unwrap();
        links.read(&URL_SAFE_NO_PAD.encode([bytes, &signature].concat()), start())
    };
    let head = |version: u8, until: i64| {
        [&[version][..], &until.to_be_bytes(), &start().as_microsecond().to_be_bytes()].concat()
    };
    let until = days(30).as_microsecond();
    assert!(signed(&[head(VERSION, until), b"acme".to_vec()].concat()).is_ok());
    for bytes in [
        [head(VERSION + 1, until), b"acme".to_vec()].concat(),
        [head(VERSION, until), b"ACME".to_vec()].concat(),
        [head(VERSION, until), b"\xff".to_vec()].concat(),
        [head(VERSION, i64::MAX), b"acme".to_vec()].concat(),
        head(VERSION, until),
        vec![VERSION],
        Vec::new(),
    ] {
        assert_eq!(signed(&bytes).unwrap_err(), NoLink::Malformed, "{bytes:?}");
    }
}

#[test]
fn nothing_is_signed_without_a_secret_or_for_longer_than_is_allowed() {
    let (links, acme) = (links(&[NEW]), shop("acme", start()));
    for good in [1, 90] {
        assert!(links.make(&acme, good, start()).is_ok());
    }
    for bad in [0, 91, u16::MAX] {
        assert_eq!(links.make(&acme, bad, start()).unwrap_err(), NotLinked::Days);
    }
    let none = Links::default().make(&acme, 30, start()).unwrap_err();
    assert_eq!(none, NotLinked::NoSecret);
    assert!(none.to_string().contains("[review]") && none.to_string().contains("openssl rand -hex 32"));
}

#[test]
fn a_secret_that_could_be_guessed_is_refused_by_its_number_and_none_is_ever_shown() {
    let problem = Links::new(vec![NEW.into(), "hunter2".into(), "".into()]).unwrap_err().to_string();
    assert!(problem.contains("secret 2") && problem.contains("secret 3") && !problem.contains("secret 1"), "{problem}");
    assert!(!problem.contains("hunter2"));
    assert!(Links::new(vec!["x".repeat(31).into()]).is_err());
    assert!(Links::new(vec!["x".repeat(32).into()]).is_ok());
    assert_eq!(format!("{:?}", links(&[NEW, OLD])), "Links(2 secrets)");
}
