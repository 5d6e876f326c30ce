//! The styles, for a page to show as chips.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::Result;
use crate::server::problem::{Answer, Parameters, Problem};
use crate::styles::{Group, Style};

/// The styles.
#[derive(Serialize, ToSchema)]
pub(super) struct Styles {
    /// The groups of these styles, in the order of the list in the program
    groups: Vec<GroupView>,
    /// Group by group, related styles next to each other
    items: Vec<StyleView>,
}

/// A group of styles.
#[derive(Serialize, ToSchema)]
#[schema(as = StyleGroup)]
struct GroupView {
    /// Its name, for `group`
    #[schema(example = "medium")]
    name: &'static str,
    /// A heading for it
    #[schema(example = "Paint, print and craft")]
    title: &'static str,
}

/// A style.
#[derive(Serialize, ToSchema)]
#[schema(as = Style)]
struct StyleView {
    /// Its name, for `style`
    #[schema(example = "watercolor")]
    name: &'static str,
    /// The name of its group
    #[schema(example = "medium")]
    group: &'static str,
    /// What it does to a picture
    #[schema(example = "Soft washes that run into each other on white paper")]
    effect: &'static str,
    /// The models that know it: `embedded` is the model inside the program, `published` are the CLIP models trained on
    /// captions from the web
    #[schema(min_items = 1, max_items = 2, example = json!(["embedded", "published"]))]
    known_by: Vec<KnownBy>,
}

/// The models that know a style.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StyleModels)]
enum KnownBy {
    /// The model inside the program
    Embedded,
    /// CLIP models trained on captions from the web
    Published,
}

/// Which styles to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only the styles of this group
    #[param(pattern = "^[a-z]+$", max_length = 40, example = "medium")]
    group: Option<String>,
}

/// List the styles
///
/// The field `style` takes any of these names.
#[utoipa::path(
    get, path = "/styles", tag = "lists", operation_id = "list_styles",
    params(Which),
    responses(
        (status = 200, description = "The styles", body = Styles),
        (status = 404, description = "There is no such group", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(Parameters(which): Parameters<Which>) -> Answer<Json<Styles>> {
    let mut groups: Vec<&'static Group> = Group::all()?.iter().collect();
    if let Some(name) = &which.group {
        groups.retain(|group| group.name == *name);
        if groups.is_empty() {
            return Err(Problem::missing("group").hint("GET /api/v1/styles lists the groups"));
        }
    }
    let styles = groups.iter().flat_map(|group| group.styles.iter().map(move |style| view(group, style)));
    let items = styles.collect::<Result<_>>()?;
    let groups = groups.iter().map(|group| GroupView { name: &group.name, title: &group.title }).collect();
    Ok(Json(Styles { groups, items }))
}

fn view(group: &'static Group, style: &'static Style) -> Result<StyleView> {
    let embedded = style.is_embedded()?.then_some(KnownBy::Embedded);
    let known_by = embedded.into_iter().chain([KnownBy::Published]).collect();
    Ok(StyleView { name: &style.name, group: &group.name, effect: &style.effect, known_by })
}
