//! Letters about the end of jobs: who may ask for them.

use super::request::{EMAIL, refused};
use crate::server::app::App;
use crate::server::problem::Answer;
use crate::server::visitor::Visitor;

/// Refuses a letter unless the server sends any, and the visitor has a confirmed address and wants letters.
pub(super) async fn check(app: &App, visitor: &Visitor) -> Answer<()> {
    if !app.mail.is_configured() {
        return Err(
            refused(EMAIL, "this server does not send email").hint("leave out `email`, and check the job yourself")
        );
    }
    let own = app.mail.address_of(&visitor.owner).await?;
    if own.confirmed.is_none() {
        return Err(refused(EMAIL, "you have no confirmed address").hint(
            "log in, give your address with PUT /api/v1/me/email or at /account, and follow the link in the email",
        ));
    }
    if own.stopped {
        return Err(refused(EMAIL, "email to your address is turned off").hint("turn it on again at /account"));
    }
    Ok(())
}
