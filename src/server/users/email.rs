//! The address for letters, as its user sees it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::mail::{Address, OwnAddress, Put};
use crate::server::app::App;
use crate::server::guard::Entrance;
use crate::server::problem::{Answer, Body, Problem};
use crate::server::visitor::Visitor;

/// An address to be confirmed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewEmail)]
pub(super) struct Asked {
    /// The address
    #[schema(min_length = 3, max_length = 254, pattern = "^[^@ ]{1,64}@[^@ ]{1,189}$", example = "anna@example.org")]
    address: String,
}

/// The address of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = Email)]
pub(super) struct View {
    /// The confirmed address
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "anna@example.org")]
    address: Option<String>,
    /// Another one that waits to be confirmed
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<String>,
    /// Whether email to the confirmed address is turned off
    stopped: bool,
    /// Whether the server sends email
    sends: bool,
}

impl View {
    fn new(app: &App, own: OwnAddress) -> Self {
        let OwnAddress { confirmed, pending, stopped } = own;
        Self { address: confirmed, pending, stopped, sends: app.mail.is_configured() }
    }
}

/// Show your address
///
/// Needs a session, or a token with the scope `admin`.
#[utoipa::path(
    get, path = "/me/email", tag = "users", operation_id = "show_email",
    responses((status = 200, description = "The address that email goes to", body = View)),
)]
pub(super) async fn show(State(app): State<App>, visitor: Visitor, entrance: Entrance) -> Answer<Json<View>> {
    entrance.check_own_account()?;
    Ok(Json(View::new(&app, app.mail.address_of(&visitor.owner).await?)))
}

/// Change your address
///
/// An email with a link goes to the new address. Until the link is used, the earlier address stays. Needs a session, or a
/// token with the scope `admin`.
#[utoipa::path(
    put, path = "/me/email", tag = "users", operation_id = "change_email",
    request_body = Asked,
    responses(
        (status = 202, description = "An email goes to the address", body = View),
        (status = 409, description = "The server does not send email, or the owner of the address turned it off", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many emails were sent", body = Problem, content_type = "application/problem+json",
            headers(("retry-after" = u64, description = "After how many seconds to ask again"))),
    ),
)]
pub(super) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    entrance: Entrance,
    Body(asked): Body<Asked>,
) -> Answer<(StatusCode, Json<View>)> {
    entrance.check_own_account()?;
    ask_to_confirm(&app, &visitor, &asked.address).await?;
    Ok((StatusCode::ACCEPTED, Json(View::new(&app, app.mail.address_of(&visitor.owner).await?))))
}

/// Forget your address
///
/// Emails that wait are not sent. Needs a session, or a token with the scope `admin`.
#[utoipa::path(
    delete, path = "/me/email", tag = "users", operation_id = "remove_email",
    responses((status = 204, description = "There is no address any more")),
)]
pub(super) async fn remove(State(app): State<App>, visitor: Visitor, entrance: Entrance) -> Answer<StatusCode> {
    entrance.check_own_account()?;
    app.mail.remove_address(&visitor.owner).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a letter with a link that confirms an address of a user, or says why not.
pub(in crate::server) async fn ask_to_confirm(app: &App, visitor: &Visitor, address: &str) -> Answer<()> {
    let address: Address = address.parse().map_err(|_| {
        Problem::unprocessable("this is not an email address").hint("write it like anna@example.org").field("address")
    })?;
    let refused = |detail: &str, hint: &str| Err(Problem::new(StatusCode::CONFLICT, detail).hint(hint));
    match app.mail.ask_to_confirm(&visitor.owner, &visitor.name, &address).await? {
        Put::Waits => Ok(()),
        Put::Stopped => refused(
            "the owner of this address turned off email from this server",
            "if it is yours, turn email on again by the link at the end of an earlier email",
        ),
        Put::NotConfigured | Put::NoAddress => {
            refused("this server does not send email", "ask the operator to configure an SMTP server")
        }
        Put::Often => {
            Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many emails were sent to confirm addresses")
                .hint("look into your mail, also for spam, or try again in an hour")
                .retry_after(3600))
        }
    }
}
