//! How often a visitor may change something, or try a password.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use super::{Entrance, Network};
use crate::server::problem::{Answer, Problem};
use crate::server::visitor::Visitor;

/// How often visitors that are not seen any more are forgotten.
const SWEEP: Duration = Duration::from_secs(60);
/// How many visitors are remembered between two sweeps: about 10 MB.
const MOST_KEYS: usize = 100_000;

/// How often something may be done: so often at once, and then once each time.
struct Rate {
    at_once: u32,
    each: Duration,
}

/// A person with a page, who also uploads pictures; or a script that asks for many.
const USER: Rate = Rate { at_once: 60, each: Duration::from_secs(1) };
const ANONYMOUS: Rate = Rate { at_once: 10, each: Duration::from_secs(6) };
/// Likes of visitors without a login from one network, who look at the gallery together.
const LIKES: Rate = Rate { at_once: 60, each: Duration::from_secs(2) };
/// Passwords from one network: enough for a family that forgot theirs.
const LOGINS: Rate = Rate { at_once: 10, each: Duration::from_secs(12) };
/// Passwords for one name, from any network.
const LOGINS_OF_A_NAME: Rate = Rate { at_once: 20, each: Duration::from_secs(30) };
/// New users from one network: each may ask for as many pictures as any other.
const REGISTRATIONS: Rate = Rate { at_once: 5, each: Duration::from_mins(10) };
/// Letters about forgotten passwords to one user, which anybody can ask for.
const LETTERS_TO_A_NAME: Rate = Rate { at_once: 3, each: Duration::from_mins(20) };

/// How often visitors did what is limited.
pub struct Limits {
    users: Limiter<String>,
    anonymous: Limiter<Network>,
    likes: Limiter<Network>,
    logins: Limiter<Network>,
    logins_of_a_name: Limiter<String>,
    registrations: Limiter<Network>,
    letters_to_a_name: Limiter<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            users: Limiter::new(&USER),
            anonymous: Limiter::new(&ANONYMOUS),
            likes: Limiter::new(&LIKES),
            logins: Limiter::new(&LOGINS),
            logins_of_a_name: Limiter::new(&LOGINS_OF_A_NAME),
            registrations: Limiter::new(&REGISTRATIONS),
            letters_to_a_name: Limiter::new(&LETTERS_TO_A_NAME),
        }
    }
}

impl Limits {
    /// Counts a request that changes something, or refuses it. Who owns the machine is not limited.
    pub(super) fn check(&self, visitor: &Visitor, entrance: Entrance, network: Network) -> Answer<()> {
        let checked = match entrance {
            Entrance::Token(_) | Entrance::Session => self.users.check(&visitor.owner),
            Entrance::Anonymous => self.anonymous.check(&network),
            Entrance::Local | Entrance::None => Ok(()),
        };
        checked.map_err(|seconds| too_many("you sent too many requests", seconds))
    }

    /// Counts a like of a visitor without a login, or refuses it.
    pub(super) fn check_like(&self, network: Network) -> Answer<()> {
        self.likes.check(&network).map_err(|seconds| too_many("your network sent too many likes", seconds))
    }

    /// Counts a try to log in, or refuses it. A user whose name others try is refused as well; sessions and tokens that
    /// the user already has stay valid.
    pub fn check_login(&self, name: &str, network: Network) -> Answer<()> {
        let checked = self.logins.check(&network).and_then(|()| self.logins_of_a_name.check(&shortened(name)));
        checked.map_err(|seconds| too_many("there were too many tries to log in", seconds))
    }

    /// Counts a try to use a link that works once, or refuses it.
    pub fn check_link(&self, network: Network) -> Answer<()> {
        self.logins.check(&network).map_err(|seconds| too_many("there were too many tries", seconds))
    }

    /// Counts a registration that would succeed, or refuses it.
    pub fn check_registration(&self, network: Network) -> Answer<()> {
        let checked = self.registrations.check(&network);
        checked.map_err(|seconds| too_many("too many users registered from your network", seconds))
    }

    /// Counts a request for a letter about a forgotten password, or refuses it, whether or not there is such a user.
    pub fn check_letter(&self, name: &str, network: Network) -> Answer<()> {
        let checked = self.logins.check(&network).and_then(|()| self.letters_to_a_name.check(&shortened(name)));
        checked.map_err(|seconds| too_many("there were too many requests for emails", seconds))
    }
}

/// As much of a name as users have.
fn shortened(name: &str) -> String {
    name.chars().take(50).collect()
}

fn too_many(detail: &str, seconds: u64) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).hint(format!("try again in {seconds} s")).retry_after(seconds)
}

struct Limiter<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    swept: Mutex<Instant>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(rate: &Rate) -> Self {
        let at_once = NonZeroU32::new(rate.at_once).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(rate.each).unwrap_or(Quota::per_minute(NonZeroU32::MIN)).allow_burst(at_once);
        Self { limiter: DefaultKeyedRateLimiter::keyed(quota), swept: Mutex::new(Instant::now()) }
    }

    /// Counts one more; or after how many seconds it may be tried again.
    fn check(&self, key: &K) -> Result<(), u64> {
        self.sweep();
        if self.limiter.len() >= MOST_KEYS {
            return Err(SWEEP.as_secs());
        }
        self.limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
        })
    }

    /// Forgets, once a minute, who could do everything again.
    fn sweep(&self) {
        // Another request sweeps, or did so when it panicked.
        let Ok(mut swept) = self.swept.try_lock() else { return };
        if swept.elapsed() >= SWEEP {
            *swept = Instant::now();
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    fn network(last: u8) -> Network {
        Network::of(std::net::IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn who_sends_too_much_waits_and_others_do_not() {
        let limits = Limits::default();
        let (anna, ben) = (visitor("anna"), visitor("ben"));
        for _ in 0..60 {
            limits.check(&anna, Entrance::Session, network(1)).unwrap();
        }
        let response = limits.check(&anna, Entrance::Session, network(2)).unwrap_err().into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        // One more a second, at 60 a minute.
        assert_eq!(response.headers()["retry-after"], "1");
        limits.check(&ben, Entrance::Session, network(1)).unwrap();
        for _ in 0..1000 {
            limits.check(&anna, Entrance::Local, network(1)).unwrap();
        }
    }

    #[test]
    fn anonymous_visitors_are_told_apart_by_their_networks() {
        let limits = Limits::default();
        for _ in 0..10 {
            limits.check(&visitor("one"), Entrance::Anonymous, network(1)).unwrap();
        }
        limits.check(&visitor("other"), Entrance::Anonymous, network(1)).unwrap_err();
        limits.check(&visitor("one"), Entrance::Anonymous, network(2)).unwrap();
    }

    #[test]
    fn likes_of_a_network_have_a_limit_of_their_own() {
        let limits = Limits::default();
        for _ in 0..60 {
            limits.check_like(network(1)).unwrap();
        }
        limits.check_like(network(1)).unwrap_err();
        limits.check_like(network(2)).unwrap();
        limits.check(&visitor("one"), Entrance::Anonymous, network(1)).unwrap();
    }

    #[test]
    fn passwords_are_tried_slowly_from_one_place_and_from_many() {
        let limits = Limits::default();
        for number in 0..10 {
            limits.check_login(&format!("user{number}"), network(1)).unwrap();
        }
        limits.check_login("anna", network(1)).unwrap_err();
        for last in 0..20 {
            limits.check_login("anna", network(last + 10)).unwrap();
        }
        limits.check_login("anna", network(99)).unwrap_err();
        limits.check_login("ben", network(99)).unwrap();
    }

    #[test]
    fn registrations_and_letters_are_few() {
        let limits = Limits::default();
        for _ in 0..5 {
            limits.check_registration(network(1)).unwrap();
        }
        let response = limits.check_registration(network(1)).unwrap_err().into_response();
        assert_eq!(response.headers()["retry-after"], "600");
        limits.check_registration(network(2)).unwrap();
        for last in 0..3 {
            limits.check_letter("anna", network(last)).unwrap();
        }
        limits.check_letter("anna", network(9)).unwrap_err();
        limits.check_letter("ben", network(9)).unwrap();
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::new(&ANONYMOUS);
        for key in 0..MOST_KEYS {
            limiter.check(&key).unwrap();
        }
        assert_eq!(limiter.check(&MOST_KEYS), Err(60));
        assert_eq!(limiter.limiter.len(), MOST_KEYS);
    }

    fn visitor(owner: &str) -> Visitor {
        Visitor { owner: owner.into(), ..Visitor::local() }
    }
}
