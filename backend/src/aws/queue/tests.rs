use super::*;

fn message(group: &str, body: &str) -> Message {
    Message::builder()
        .body(body)
        .receipt_handle("r")
        .attributes(MessageSystemAttributeName::MessageGroupId, group)
        .build()
}

#[test]
fn a_body_nobody_can_read_still_names_its_lane() {
    let read = read(id::Queue::Orders, &message("acme", "not a wake-up")).unwrap();
    assert_eq!(read.lane.to_string(), "orders/acme");
    assert_eq!(read.receipt, Receipt("r".into()));
    assert!(read.wake_up.is_err());
}

#[test]
fn a_group_that_is_no_lane_is_not_received() {
    assert!(read(id::Queue::Orders, &message("ac me", "{}")).is_err());
    assert!(read(id::Queue::Orders, &Message::builder().receipt_handle("r").build()).is_err());
}

#[test]
fn a_fraction_of_a_second_is_rounded_up() {
    let seconds = [0, 1, 999, 1_000, 1_001].map(|ms| whole_seconds(Duration::from_millis(ms)));
    assert_eq!(seconds, [0, 1, 1, 1, 2]);
    assert_eq!(whole_seconds(Duration::MAX), i32::MAX);
}
