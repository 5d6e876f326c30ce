//! A server as it looks after some use: users, pictures that were drawn, published and liked, a dead job. All its pages are
//! checked for accessibility, and photographed.

use serde_json::json;

use crate::common::PROMPTS;
use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::gallery::publish;
use crate::people::{add, admin};

/// A server with content.
pub struct Site {
    pub server: Server,
    /// The page of a job that is done
    pub done: String,
    /// The page of a job that is drawn, for a long time
    pub running: String,
    /// The page of a job that waits
    pub waiting: String,
    /// The page of a job that failed
    pub dead: String,
    /// The page of a published picture
    pub picture: String,
}

impl Site {
    /// Fills a server. The pictures have these settings.
    pub fn new(place: &Workplace, settings: &serde_json::Value) -> Self {
        let token = add(place, "anna", "user");
        add(place, "olga", "admin");
        let arguments = ["--max-size", "16384x16384", "--registration", "open"];
        let server = Server::start_with_workers(place, 1, &arguments).with_header("authorization", &token);
        let jobs: Vec<String> = PROMPTS
            .iter()
            .map(|prompt| {
                let mut wish = settings.clone();
                wish["prompt"] = json!(prompt);
                wish["products"] = json!(["mp4"]);
                server.submit(&wish)["id"].as_str().unwrap().to_owned()
            })
            .collect();
        for job in &jobs {
            assert_eq!(server.wait_for(job, |job| job["finished"].is_string())["state"], "done");
        }
        let pictures: Vec<String> = jobs
            .iter()
            .zip(PROMPTS)
            .map(|(job, prompt)| publish(&server, job, &format!("{}{}", prompt[..1].to_uppercase(), &prompt[1..])))
            .collect();
        for picture in &pictures[..3] {
            let id = picture.trim_start_matches("/g/");
            assert_eq!(server.send("PUT", &format!("/api/v1/pictures/{id}/like"), &[], &[]).status, 204);
        }
        let page = |wish: serde_json::Value| format!("/p/{}", server.submit(&wish)["id"].as_str().unwrap());
        let dead = page(json!({"prompt": PROMPTS[2], "size": "16384x16384", "iterations": 1, "cutouts": 1}));
        server.wait_for(&dead[3..], |job| job["state"] == "dead");
        let running = page(json!({"prompt": PROMPTS[0], "size": "64x64", "iterations": 100_000, "cutouts": 2}));
        let waiting = page(json!({"prompt": PROMPTS[1]}));
        server.wait_for(&running[3..], |job| job["iteration"].as_u64() > Some(2));
        let done = format!("/p/{}", jobs[0]);
        let picture = pictures[0].clone();
        Self { server, done, running, waiting, dead, picture }
    }

    /// The pages that anybody sees, with their names.
    pub fn public(&self) -> Vec<(&'static str, String)> {
        vec![
            ("login", "/login".to_owned()),
            ("register", "/register".to_owned()),
            ("forgotten password", "/forgot".to_owned()),
            ("gallery", "/gallery".to_owned()),
            ("gallery without pictures", "/gallery?q=nothing".to_owned()),
            ("picture", self.picture.clone()),
            ("missing page", "/nowhere".to_owned()),
        ]
    }

    /// The pages of a user.
    pub fn own(&self) -> Vec<(&'static str, String)> {
        vec![
            ("create", "/".to_owned()),
            ("mine", "/mine".to_owned()),
            ("job waiting", self.waiting.clone()),
            ("job running", self.running.clone()),
            ("job done", self.done.clone()),
            ("job dead", self.dead.clone()),
            ("own picture", self.picture.clone()),
            ("account", "/account".to_owned()),
        ]
    }

    /// The pages of an operator.
    pub fn of_operators(&self) -> Vec<(&'static str, String)> {
        let job = format!("/admin/jobs/{}", self.dead.trim_start_matches("/p/"));
        vec![
            ("admin", "/admin".to_owned()),
            ("admin jobs", "/admin/jobs?state=dead".to_owned()),
            ("admin job", job),
            ("admin workers", "/admin/workers".to_owned()),
            ("admin users", "/admin/users".to_owned()),
            ("admin invitations", "/admin/invitations".to_owned()),
            ("admin pictures", "/admin/pictures".to_owned()),
            ("admin mail", "/admin/letters".to_owned()),
            ("admin audit", "/admin/audit".to_owned()),
            ("picture for operators", self.picture.clone()),
        ]
    }
}

/// A link with which Anna sets another password.
pub fn reset_link(place: &Workplace) -> String {
    let made = admin(place, &["user", "reset", "anna"]).succeeded();
    let link = url::Url::parse(made.output_text().lines().last().unwrap()).unwrap();
    link[url::Position::BeforePath..].to_owned()
}
