//! What Shopify thinks of an order. Not part of the REST order, so it is kept beside it.

use serde_json::{Value, json};

/// The verdict on one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Risk {
    recommendation: String,
    level: String,
}

impl Default for Risk {
    /// The verdict on nearly every order.
    fn default() -> Self {
        Self::new("ACCEPT", "LOW")
    }
}

impl Risk {
    /// `PENDING` in either place means that there is no verdict yet, which Shopify shows in the assessment.
    pub(super) fn new(recommendation: &str, level: &str) -> Self {
        let (recommendation, level) = (recommendation.to_uppercase(), level.to_uppercase());
        if recommendation == "PENDING" || level == "PENDING" {
            return Self { recommendation: "NONE".to_owned(), level: "PENDING".to_owned() };
        }
        Self { recommendation, level }
    }

    pub(super) fn to_graphql(&self) -> Value {
        json!({
            "recommendation": self.recommendation,
            "assessments": [{
                "riskLevel": self.level,
                "facts": self.facts(),
                // Shopify's own assessment names no app.
                "provider": null,
            }],
        })
    }

    fn facts(&self) -> Value {
        let (description, sentiment) = match self.level.as_str() {
            "HIGH" => ("The shipping address is far from where the order was placed", "NEGATIVE"),
            "MEDIUM" => ("Several cards were tried for this order", "NEGATIVE"),
            "LOW" => ("The billing address matches the card's registered address", "POSITIVE"),
            _ => return json!([]),
        };
        json!([{"description": description, "sentiment": sentiment}])
    }
}
