//! Links for merchants, made by the running program.

use lane::ports::Secrets;
use lane::shop::SecretRef;
use secrecy::SecretString;

use super::*;

/// Has every secret that settings name.
struct Cabinet;

#[async_trait::async_trait]
impl Secrets for Cabinet {
    async fn read(&self, reference: &SecretRef) -> Result<SecretString, lane::ports::SecretError> {
        match reference {
            SecretRef::Env(name) if name == "LINKS" => Ok("a secret that is long enough to sign with".into()),
            SecretRef::Env(name) if name == "SHORT" => Ok("hunter2".into()),
            SecretRef::Env(_) | SecretRef::File(_) | SecretRef::Parameter(_) => {
                Err(lane::ports::SecretError::Missing { reference: reference.to_string() })
            }
        }
    }
}

fn config(review: &str) -> service::config::Config {
    let text = format!(
        "[ledger]\npath = \"x\"\n[webhooks]\nshopify_secrets = [\"env:S\"]\n[review]\nlisten = \"127.0.0.1:8095\"\n{review}"
    );
    service::config::Config::read(&text, "lanekeeper.toml", &|_| None).unwrap()
}

async fn maker(review: &str) -> Result<LinkMaker, service::config::Problems> {
    LinkMaker::configured(&config(review), &Cabinet).await
}

fn link(days: u16) -> Command {
    Command::ShopLink { id: ShopId::parse("acme").unwrap(), days }
}

#[tokio::test]
async fn a_link_is_printed_with_its_end_and_leads_where_merchants_come() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&folder.path().join("ledger"), &SystemClock::start()).unwrap();
    let links = "link_secrets = [\"env:LINKS\"]\n";
    let office = office(&ledger).with_links(maker(links).await.unwrap());
    let unknown = office.carry_out(link(30)).await.reply;
    assert!(is_refusal(&unknown) && words(&unknown).contains("no shop acme"), "{unknown:?}");
    office.carry_out(add(shop())).await;
    let reply = office.carry_out(link(30)).await.reply;
    let Reply::ShopLinked { url, until, is_private: true, .. } = &reply else { panic!("{reply:?}") };
    assert!(url.0.starts_with("http://127.0.0.1:8095/shop/"), "{}", url.0);
    let said = words(&reply);
    assert!(said.contains(&url.0) && said.contains(&until.strftime("%Y-%m-%d %H:%M UTC").to_string()), "{said}");
    assert!(said.contains("public_url"), "{said}");
    assert!(!format!("{reply:?}").contains(&url.0), "it does not show itself in logs");

    let public = maker(&format!("{links}public_url = \"https://orders.example\"\n")).await.unwrap();
    let office = office.with_links(public);
    let reply = office.carry_out(link(30)).await.reply;
    let Reply::ShopLinked { url, is_private: false, .. } = &reply else { panic!("{reply:?}") };
    assert!(url.0.starts_with("https://orders.example/shop/"), "{}", url.0);
    assert!(!words(&reply).contains("public_url"));
    for days in [0, 91] {
        let reply = office.carry_out(link(days)).await.reply;
        assert!(is_refusal(&reply) && words(&reply).contains("1 to 90 days"), "{reply:?}");
    }
    office.carry_out(Command::ShopRemove(ShopId::parse("acme").unwrap())).await;
    assert!(is_refusal(&office.carry_out(link(30)).await.reply), "a shop that was removed");
}

#[tokio::test]
async fn without_a_secret_no_link_is_made_and_the_words_say_what_to_do() {
    let running = running();
    running.ask(add(shop())).await;
    let reply = running.ask(link(30)).await;
    assert!(is_refusal(&reply), "{reply:?}");
    for part in ["link_secrets = [\"env:LINK_SECRET\"]", "[review]", "openssl rand -hex 32"] {
        assert!(words(&reply).contains(part), "{part}: {}", words(&reply));
    }
    let short = maker("link_secrets = [\"env:SHORT\"]\n").await.unwrap_err().to_string();
    assert!(short.contains("link_secrets") && short.contains("guessed") && !short.contains("hunter2"), "{short}");
    let missing = maker("link_secrets = [\"env:LINKS\", \"env:GONE\"]\n").await.unwrap_err().to_string();
    assert!(missing.contains("env:GONE") && !missing.contains("env:LINKS"), "{missing}");
}
