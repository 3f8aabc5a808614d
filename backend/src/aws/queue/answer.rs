//! What the service said, told apart by what follows from it.

use std::error::Error;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use lane::ports::{QueueError, Settled};

/// An answer that is not the one we hoped for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The receipt's time is over, or the message was received again or deleted. Nothing was done.
    Powerless,
    /// There is no such queue.
    NoSuchQueue,
    /// Not reached, too busy, or broken for the moment.
    NotNow(String),
    /// It will not do it.
    Refused(String),
}

impl Answer {
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Some(said) = error.as_service_error() else {
            let text = chain(error);
            let never_left = matches!(error, SdkError::ConstructionFailure(_));
            return if never_left { Self::Refused(text) } else { Self::NotNow(text) };
        };
        let status = error.raw_response().map(|response| response.status().as_u16());
        judge(said.code().unwrap_or_default(), said.message().unwrap_or_default(), status)
    }

    /// For calls that use no receipt.
    pub(super) fn into_error(self) -> QueueError {
        match self {
            Self::NotNow(why) => QueueError::Unavailable(why),
            Self::Refused(why) => QueueError::Refused(why),
            Self::NoSuchQueue => QueueError::Refused("there is no such queue".to_owned()),
            Self::Powerless => QueueError::Refused("it speaks of a receipt".to_owned()),
        }
    }

    /// For calls that use a receipt.
    pub(super) fn settled(self) -> Result<Settled, QueueError> {
        match self {
            Self::Powerless => Ok(Settled::Expired),
            Self::NoSuchQueue | Self::NotNow(_) | Self::Refused(_) => Err(self.into_error()),
        }
    }
}

/// Codes come bare or behind a service's name, `AWS.SimpleQueueService.MessageNotInflight`.
pub(super) fn judge(code: &str, message: &str, status: Option<u16>) -> Answer {
    let code = code.rsplit('.').next().unwrap_or(code);
    let text = || if message.is_empty() { code.to_owned() } else { format!("{code}: {message}") };
    match code {
        "ReceiptHandleIsInvalid" | "MessageNotInflight" => Answer::Powerless,
        // One code for an expired receipt, a deleted message and a wrong parameter; only the text tells.
        "InvalidParameterValue" if message.contains("parameter ReceiptHandle") => Answer::Powerless,
        "QueueDoesNotExist" | "NonExistentQueue" => Answer::NoSuchQueue,
        "RequestThrottled" | "ThrottlingException" | "Throttling" | "KmsThrottled" | "OverLimit" => {
            Answer::NotNow(text())
        }
        _ if status.is_some_and(|status| status >= 500) => Answer::NotNow(text()),
        _ => Answer::Refused(text()),
    }
}

/// The whole story: the SDK's own first words are only "dispatch failure".
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_without_power_is_told_from_a_wrong_request() {
        let expired = "Value AQEB for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.";
        let deleted = "Value AQEB for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not \
                       available for visibility timeout change.";
        let too_long = "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for \
                        the message is beyond the limit [43200 seconds].";
        for (code, message) in [
            ("InvalidParameterValue", expired),
            ("InvalidParameterValue", deleted),
            ("ReceiptHandleIsInvalid", "The input receipt handle is invalid."),
            ("AWS.SimpleQueueService.MessageNotInflight", ""),
        ] {
            assert_eq!(judge(code, message, Some(400)), Answer::Powerless, "{code} {message}");
        }
        let refused = judge("InvalidParameterValue", too_long, Some(400));
        assert!(matches!(refused, Answer::Refused(why) if why.contains("beyond the limit")));
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        let not_now = |code, status| matches!(judge(code, "", Some(status)), Answer::NotNow(_));
        assert!(not_now("RequestThrottled", 403));
        assert!(not_now("ThrottlingException", 400));
        assert!(not_now("InternalFailure", 500));
        assert!(not_now("SomethingNew", 503));
        assert!(!not_now("AccessDenied", 403));
        assert!(!not_now("InvalidMessageContents", 400));
        let gone = judge("AWS.SimpleQueueService.NonExistentQueue", "", Some(400));
        assert_eq!(gone, Answer::NoSuchQueue);
    }
}
