use super::*;

const SMALLEST: &str = r#"
[ledger]
path = "lane.db"
[webhooks]
shopify_secrets = ["env:SHOPIFY_SECRET"]
[accounts.main]
provider = "shipstation"
key = "env:KEY"
secret = "file:/run/secret"
"#;

fn read(text: &str) -> Result<Config, Problems> {
    Config::read(text, "lanekeeper.toml", &|_| None)
}

fn problem(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn the_smallest_file_is_enough_and_the_defaults_stand() {
    let config = read(SMALLEST).unwrap();
    assert_eq!(config.webhooks.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.review.listen.to_string(), "127.0.0.1:8090");
    assert_eq!(config.shopify.base_url.as_str(), "https://{domain}");
    assert_eq!(config.shopify.api_version.as_str(), "2026-10");
    let (name, account) = config.accounts.iter().next().unwrap();
    assert_eq!(account.id(name).as_str(), "shipstation/main");
    assert_eq!(account.per_minute.get(), 40);
    assert_eq!(config.machine().unwrap().socket().display().to_string(), "lane.db.sock");
}

#[test]
fn the_example_says_everything_and_is_read() {
    let config = read(include_str!("../../../lanekeeper.example.toml")).unwrap();
    assert_eq!(config.webhooks.shopify_secrets.len(), 1);
    assert_eq!(config.accounts.len(), 1);
    assert_eq!(config.log.format, Format::Human);
}

#[test]
fn the_example_with_its_optional_settings_is_read_too() {
    let mut text = include_str!("../../../lanekeeper.example.toml").to_owned();
    for setting in ["notify_secret", "link_secrets", "public_url"] {
        text = text.replace(&format!("\n#{setting}"), &format!("\n{setting}"));
    }
    let config = read(&text).unwrap();
    assert_eq!(config.review.link_secrets, ["env:LINK_SECRET".parse().unwrap()]);
    assert_eq!(config.review.origin(), "https://orders.example.com");
    let (name, account) = config.accounts.iter().next().unwrap();
    assert_eq!(account.notify_secret, Some("env:SHIPSTATION_NOTIFY_SECRET".parse().unwrap()));
    assert_eq!(Account::notice_path(name, "x"), "/webhooks/shipstation/main/x");
    assert_eq!(account.base_url.host().as_deref(), Some("ssapi.shipstation.com"));
}

#[test]
fn a_notice_secret_written_out_is_refused_and_not_repeated() {
    let problem = problem(&SMALLEST.replace("key =", "notify_secret = \"hunter2-hunter2\"\nkey ="));
    assert!(problem.contains("notify_secret") && problem.contains("env:") && !problem.contains("hunter2"), "{problem}");
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let text = SMALLEST.replace("key =", "colour = \"red\"\nkey =");
    let problem = problem(&text);
    assert!(problem.starts_with("lanekeeper.toml:8 [accounts.main] colour: unknown field `colour`"), "{problem}");
}

#[test]
fn an_unknown_section_is_named_with_its_place() {
    let problem = problem(&format!("{SMALLEST}\n[colours]\nred = 1\n"));
    assert!(problem.starts_with("lanekeeper.toml:11: there is no section or setting colours"), "{problem}");
}

#[test]
fn a_missing_secret_is_named_with_its_place() {
    let problem = problem(&SMALLEST.replace("secret = \"file:/run/secret\"", ""));
    assert!(problem.contains("[accounts.main]") && problem.contains("missing field `secret`"), "{problem}");
}

#[test]
fn a_missing_section_is_named() {
    let problem = problem("[ledger]\npath = \"x\"");
    assert!(problem.contains("[webhooks]: missing field `shopify_secrets`"), "{problem}");
}

#[test]
fn a_secret_written_out_is_refused_and_not_repeated() {
    let literal = "hunter2-hunter2";
    for text in [
        SMALLEST.replace("env:KEY", literal),
        SMALLEST.replace("\"env:KEY\"", "20212223"),
        SMALLEST.replace("env:SHOPIFY_SECRET", literal),
        SMALLEST.replace("[\"env:SHOPIFY_SECRET\"]", "\"hunter2-hunter2\""),
    ] {
        let problem = problem(&text);
        assert!(!problem.contains("hunter2") && !problem.contains("20212223"), "{problem}");
        assert!(problem.contains("env:"), "{problem}");
        assert!(problem.contains("key") || problem.contains("shopify_secrets"), "{problem}");
    }
}

#[test]
fn a_list_without_secrets_is_refused() {
    assert!(problem(&SMALLEST.replace("\"env:SHOPIFY_SECRET\"", "")).contains("at least one secret"));
}

#[test]
fn all_problems_are_told_at_once() {
    let text = "[ledger]\nfile = 1\n[worker]\nconcurrency = 0\n[log]\nformat = \"xml\"\n[accounts.Main]\n";
    let problems = read(text).unwrap_err().0;
    for part in ["[ledger]", "[webhooks]", "[worker]", "[log]", "[accounts.Main]"] {
        assert!(problems.iter().any(|problem| problem.contains(part)), "{part}: {problems:?}");
    }
}

#[test]
fn a_broken_line_is_named() {
    assert!(problem("[ledger]\npath = \n").starts_with("lanekeeper.toml:2"));
}

#[test]
fn http_to_another_machine_is_refused() {
    let text = SMALLEST.replace("key =", "base_url = \"http://ssapi.shipstation.com\"\nkey =");
    assert!(problem(&text).contains("use https"));
}

#[test]
fn the_listed_variables_override_the_file() {
    let env = |name: &str| {
        let value = match name {
            LEDGER => "/tmp/other.db",
            WEBHOOKS_LISTEN => "127.0.0.1:1",
            REVIEW_LISTEN => "127.0.0.1:2",
            LOG_FORMAT => "json",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let config = Config::read(SMALLEST, "x", &env).unwrap();
    assert_eq!(config.machine().unwrap().path.display().to_string(), "/tmp/other.db");
    assert_eq!((config.webhooks.listen.port(), config.review.listen.port()), (1, 2));
    assert_eq!(config.log.format, Format::Json);
}

#[test]
fn an_override_that_cannot_be_read_is_named() {
    let env = |name: &str| (name == REVIEW_LISTEN).then(|| "here".to_owned());
    let problem = Config::read(SMALLEST, "x", &env).unwrap_err().to_string();
    assert!(problem.contains(REVIEW_LISTEN), "{problem}");
}

#[test]
fn a_level_that_would_silence_the_program_is_refused_with_the_words_there_are() {
    for bad in ["loud", "warning", "INFO!", "", "info, hyper=off", "off", "info,loud", "worker=loud", "worker=debug"] {
        let problem = problem(&format!("{SMALLEST}[log]\nlevel = \"{bad}\"\n"));
        assert!(problem.starts_with("lanekeeper.toml:11 [log] level: "), "{bad}: {problem}");
        assert!(problem.contains("info"), "{bad}: {problem}");
    }
    for good in ["error", "warn", "info", "debug", "trace", "info,worker=debug", "info,hyper=off"] {
        assert!(read(&format!("{SMALLEST}[log]\nlevel = \"{good}\"\n")).is_ok(), "{good}");
    }
}

#[test]
fn what_is_no_address_to_listen_on_is_told_how_to_write_it() {
    for section in ["webhooks", "review"] {
        for bad in ["\"8080\"", "\"localhost:8080\"", "8080"] {
            let listen = format!("listen = {bad}\n");
            let text = if section == "webhooks" {
                SMALLEST.replace("[webhooks]\n", &format!("[webhooks]\n{listen}"))
            } else {
                format!("{SMALLEST}[review]\n{listen}")
            };
            let problem = problem(&text);
            assert!(problem.contains(&format!("[{section}] listen: write an address and a port")), "{problem}");
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_told_how_to_mend_it() {
    let problem = Config::load(Path::new("/nowhere/lanekeeper.toml"), &|_| None).unwrap_err().to_string();
    assert!(problem.contains("copy lanekeeper.example.toml") && problem.contains("--config"), "{problem}");
}

const ON_AWS: &str = r#"
[aws]
table = "lanekeeper-prod"
bucket = "lanekeeper-prod-bodies"
orders_queue = "lanekeeper-prod-orders.fifo"
endpoint = "http://127.0.0.1:4566"
[webhooks]
shopify_secrets = ["ssm:/lanekeeper/prod/shopify-secret"]
"#;

#[test]
fn a_table_takes_the_place_of_the_file() {
    let config = read(ON_AWS).unwrap();
    let Home::Aws(aws) = &config.home else { panic!("it is on AWS") };
    assert_eq!((aws.table.as_str(), aws.orders_queue.as_str()), ("lanekeeper-prod", "lanekeeper-prod-orders.fifo"));
    assert_eq!(aws.endpoint.as_ref().unwrap().as_str(), "http://127.0.0.1:4566");
    assert!(config.machine().unwrap_err().to_string().contains("[ledger] path"));
    assert!(problem(&ON_AWS.replace("table", "tables")).contains("unknown field `tables`"));
    assert!(problem(&ON_AWS.replace("http://127.0.0.1", "http://10.0.0.1")).contains("use https"));
    assert!(problem(&ON_AWS.replace("lanekeeper-prod\"", "\"")).contains("write its name"));
}

#[test]
fn a_ledger_lies_in_one_place() {
    assert!(problem(&format!("{ON_AWS}[ledger]\npath = \"x.db\"\n")).contains("keep [ledger] (one machine) or [aws]"));
    let env = |name: &str| (name == LEDGER).then(|| "x.db".to_owned());
    assert!(Config::read(ON_AWS, "x", &env).unwrap_err().to_string().contains("unset one"));
}

#[test]
fn links_for_merchants_are_signed_only_if_a_secret_is_named_and_begin_with_the_public_address() {
    let review = read(SMALLEST).unwrap().review;
    assert!(review.link_secrets.is_empty());
    assert_eq!(review.origin(), "http://127.0.0.1:8090");
    let section = "[review]\nlink_secrets = [\"env:NEW\", \"file:/old\"]\npublic_url = \"https://orders.example/\"\n";
    let review = read(&format!("{SMALLEST}{section}")).unwrap().review;
    assert_eq!(review.link_secrets, ["env:NEW".parse().unwrap(), "file:/old".parse().unwrap()]);
    assert_eq!(review.origin(), "https://orders.example");
    for (wrong, why) in [
        ("link_secrets = []", "at least one secret"),
        ("link_secrets = [\"hunter2-hunter2\"]", "env:"),
        ("public_url = \"http://orders.example\"", "use https"),
        ("public_url = \"orders.example\"", "https://host"),
    ] {
        let problem = problem(&format!("{SMALLEST}[review]\n{wrong}\n"));
        assert!(problem.contains("[review]") && problem.contains(why) && !problem.contains("hunter2"), "{problem}");
    }
}
