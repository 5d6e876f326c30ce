//! Tests of the accounts, on each database there is (`database/tests.rs` says which).

use std::time::Duration;

use super::*;
use crate::database::Id;
use crate::database::tests::on_each as on_each_database;

const PASSWORD: &str = "correct horse battery";

#[allow(clippy::needless_pass_by_value, reason = "a closure reads better at the call without a borrow")]
fn on_each(test: impl AsyncFn(&Accounts)) {
    on_each_database(true, async |database, _| {
        let accounts = Accounts::new(database);
        accounts.migrate().await.unwrap();
        test(&accounts).await;
    });
}

async fn user(accounts: &Accounts, name: &str) -> User {
    accounts.create_user(&NewUser::new(name, None)).await.unwrap().unwrap()
}

fn token(scope: Scope, lasts: Option<Duration>) -> NewToken {
    NewToken { name: "laptop".into(), scope, lasts }
}

#[test]
fn a_password_opens_its_account_alone() {
    on_each(async |accounts| {
        assert!(!accounts.any_users().await.unwrap());
        let anna = accounts.create_user(&NewUser::new("anna", Some(PASSWORD))).await.unwrap().unwrap();
        user(accounts, "ben").await;
        assert!(accounts.any_users().await.unwrap());
        let logged_in = async |name, password| match accounts.by_password(name, password).await.unwrap() {
            Login::As(user) => Some(user),
            Login::Wrong | Login::Busy => None,
        };
        assert_eq!(logged_in("anna", PASSWORD).await, Some(anna));
        for (name, password) in [("anna", "correct horse"), ("ben", PASSWORD), ("cleo", PASSWORD), ("a\0", PASSWORD)] {
            assert_eq!(logged_in(name, password).await, None, "{name}");
        }
        // Nor does the password that is compared with if there is none.
        assert_eq!(logged_in("ben", "nobody's password").await, None);

        accounts.set_password("anna", "another password é").await.unwrap();
        assert_eq!(logged_in("anna", PASSWORD).await, None);
        // The accent as a letter of its own, as some keyboards send it.
        assert!(logged_in("anna", "another password e\u{301}").await.is_some());
        assert!(!accounts.set_password("cleo", PASSWORD).await.unwrap());
    });
}

#[test]
fn what_cannot_be_used_is_refused() {
    on_each(async |accounts| {
        let wrong = [
            NewUser::new("", None),
            NewUser::new("Anna", None),
            NewUser::new("-anna", None),
            NewUser::new("an na", None),
            NewUser::new(&"a".repeat(51), None),
            NewUser::new("anna", Some("short")),
            NewUser::new("anna", Some(&"x".repeat(1025))),
            NewUser { email: Some("nowhere".into()), ..NewUser::new("anna", None) },
            NewUser { email: Some("a\r\nBcc: b@example.org".into()), ..NewUser::new("anna", None) },
            NewUser { limits: Limits { weight: 0, ..Limits::default() }, ..NewUser::new("anna", None) },
        ];
        for wrong in wrong {
            assert!(accounts.create_user(&wrong).await.unwrap_err().is_usage(), "{wrong:?}");
        }
        let anna = user(accounts, "anna").await;
        assert_eq!(accounts.create_user(&NewUser::new("anna", None)).await.unwrap(), None);
        assert_eq!(accounts.users().await.unwrap(), std::slice::from_ref(&anna));
        let nameless = NewToken { name: String::new(), ..token(Scope::Read, None) };
        assert!(accounts.create_token(&anna, &nameless).await.unwrap_err().is_usage());
    });
}

#[test]
fn changes_keep_what_they_do_not_name() {
    on_each(async |accounts| {
        let anna = user(accounts, "anna").await;
        let changes = Changes { role: Some(Role::Operator), max_running: Some(1), ..Changes::default() };
        let changed = accounts.change_user("anna", &changes).await.unwrap().unwrap();
        let expected = User { role: Role::Operator, limits: Limits { max_running: 1, ..anna.limits }, ..anna };
        assert_eq!(changed, expected);
        assert_eq!(accounts.user("anna").await.unwrap(), Some(expected));
        assert_eq!(accounts.change_user("ben", &changes).await.unwrap(), None);
    });
}

#[test]
fn a_token_stands_for_its_user_until_it_ends() {
    on_each(async |accounts| {
        let anna = user(accounts, "anna").await;
        let (kept, secret) = accounts.create_token(&anna, &token(Scope::Jobs, None)).await.unwrap();
        let (_, short) = accounts.create_token(&anna, &token(Scope::Read, Some(Duration::from_secs(5)))).await.unwrap();
        assert!(secret.reveal().starts_with("t2a_") && secret.reveal().len() == 47, "32 bytes are 43 digits");
        let by =
            async |sent: &str| accounts.by_token(sent).await.unwrap().map(|access| (access.user.name, access.scope));
        assert_eq!(by(secret.reveal()).await, Some(("anna".into(), Scope::Jobs)));
        accounts.database.wait(4999).await;
        assert_eq!(by(short.reveal()).await, Some(("anna".into(), Scope::Read)));
        accounts.database.wait(1).await;
        assert_eq!(by(short.reveal()).await, None);
        for wrong in ["", "t2a_", &secret.reveal()[4..], &format!("{}x", secret.reveal()), "t2a_\0", &"t2a_".repeat(99)]
        {
            assert_eq!(by(wrong).await, None, "{wrong}");
        }
        let stored = accounts.tokens(Some(&anna.id)).await.unwrap();
        assert_eq!(stored.len(), 2);
        assert!(stored.iter().all(|token| token.used.is_some()));

        assert!(!accounts.revoke_token(&kept.id, Some("someone else")).await.unwrap());
        assert!(accounts.revoke_token(&kept.id, Some(&anna.id)).await.unwrap());
        assert!(!accounts.revoke_token(&kept.id, None).await.unwrap());
        assert_eq!(by(secret.reveal()).await, None);
        assert!(!accounts.revoke_token(&Id::random().unwrap(), None).await.unwrap());
    });
}

#[test]
fn secrets_are_not_stored() {
    on_each(async |accounts| {
        let anna = accounts.create_user(&NewUser::new("anna", Some(PASSWORD))).await.unwrap().unwrap();
        let (_, token) = accounts.create_token(&anna, &token(Scope::Jobs, None)).await.unwrap();
        let session = accounts.begin_session(&anna, None).await.unwrap();
        let count = async |table: &str, column: &str, value: &str| {
            let statement = format!("SELECT count(*) AS number FROM {table} WHERE {column} = $1");
            accounts.database.number(&statement, &[value.into()]).await
        };
        assert_eq!(count("users", "password", PASSWORD).await, 0);
        assert_eq!(count("tokens", "hash", token.reveal()).await, 0);
        assert_eq!(count("sessions", "hash", session.reveal()).await, 0);
        let argon = "SELECT count(*) AS number FROM users WHERE password LIKE $1";
        assert_eq!(accounts.database.number(argon, &["$argon2id$v=19$%".into()]).await, 1);
        assert_eq!(format!("{token:?}"), "Secret");
    });
}

#[test]
fn a_session_ends_by_time_by_logout_and_with_its_user() {
    on_each(async |accounts| {
        let anna = accounts.create_user(&NewUser::new("anna", Some(PASSWORD))).await.unwrap().unwrap();
        let by = async |secret: &Secret| accounts.by_session(secret.reveal()).await.unwrap().map(|user| user.name);
        let (one, other) =
            (accounts.begin_session(&anna, None).await.unwrap(), accounts.begin_session(&anna, None).await.unwrap());
        assert_eq!([by(&one).await, by(&other).await], [Some("anna".into()), Some("anna".into())]);
        accounts.end_session(one.reveal()).await.unwrap();
        assert_eq!([by(&one).await, by(&other).await], [None, Some("anna".into())]);

        accounts.database.wait(i64::try_from(SESSION_LASTS.as_millis()).unwrap()).await;
        assert_eq!(by(&other).await, None);

        let by_change = accounts.begin_session(&anna, None).await.unwrap();
        accounts.set_password("anna", PASSWORD).await.unwrap();
        assert_eq!(by(&by_change).await, None);
    });
}

#[test]
fn a_disabled_or_removed_user_may_nothing() {
    on_each(async |accounts| {
        let anna = accounts.create_user(&NewUser::new("anna", Some(PASSWORD))).await.unwrap().unwrap();
        let (_, token) = accounts.create_token(&anna, &token(Scope::Admin, None)).await.unwrap();
        let session = accounts.begin_session(&anna, None).await.unwrap();
        let ways = async || {
            [
                accounts.by_token(token.reveal()).await.unwrap().is_some(),
                accounts.by_session(session.reveal()).await.unwrap().is_some(),
                accounts.by_password("anna", PASSWORD).await.unwrap() != Login::Wrong,
            ]
        };
        assert_eq!(ways().await, [true; 3]);
        let disabled = |disabled| Changes { disabled: Some(disabled), ..Changes::default() };
        accounts.change_user("anna", &disabled(true)).await.unwrap();
        assert_eq!(ways().await, [false; 3]);
        accounts.change_user("anna", &disabled(false)).await.unwrap();
        // The session does not come back.
        assert_eq!(ways().await, [true, false, true]);
        assert_eq!(accounts.remove_user("anna").await.unwrap(), Some(anna.id.clone()));
        assert_eq!(ways().await, [false; 3]);
        assert_eq!(accounts.remove_user("anna").await.unwrap(), None);
        assert_ne!(user(accounts, "anna").await.id, anna.id);
    });
}

#[test]
fn tokens_and_sessions_of_a_user_are_bounded() {
    on_each(async |accounts| {
        let anna = user(accounts, "anna").await;
        let first = accounts.begin_session(&anna, None).await.unwrap();
        for _ in 0..20 {
            accounts.database.wait(1).await;
            accounts.begin_session(&anna, None).await.unwrap();
        }
        assert_eq!(accounts.by_session(first.reveal()).await.unwrap(), None);
        assert_eq!(accounts.database.number("SELECT count(*) AS number FROM sessions", &[]).await, 20);

        for _ in 0..100 {
            accounts.create_token(&anna, &token(Scope::Read, None)).await.unwrap();
        }
        assert!(accounts.create_token(&anna, &token(Scope::Read, None)).await.unwrap_err().is_usage());
        let first = accounts.tokens(Some(&anna.id)).await.unwrap().remove(0);
        accounts.revoke_token(&first.id, None).await.unwrap();
        accounts.create_token(&anna, &token(Scope::Read, None)).await.unwrap();
    });
}

#[test]
fn a_secret_of_the_server_stays() {
    on_each(async |accounts| {
        let secret = async |name| accounts.own_secret(name).await.unwrap().reveal().to_owned();
        let first = secret("visitors").await;
        assert_eq!(secret("visitors").await, first);
        assert_ne!(secret("other").await, first);
    });
}

#[test]
fn an_invitation_adds_one_user() {
    on_each(async |accounts| {
        let new = |name: &str| NewUser::new(name, Some(PASSWORD));
        let (made, secret) = accounts.invite("Anna's cousin", Duration::from_secs(5)).await.unwrap();
        let other = accounts.invite("", Duration::from_secs(5)).await.unwrap();
        assert!(accounts.is_invited(secret.reveal()).await.unwrap());
        user(accounts, "taken").await;
        for (name, invitation, expected) in [
            ("taken", secret.reveal(), Registered::Taken),
            // Who is not invited is not told which names there are.
            ("taken", "wrong", Registered::Uninvited),
            ("anna", "", Registered::Uninvited),
            ("anna", "\0", Registered::Uninvited),
        ] {
            assert_eq!(accounts.register(&new(name), Some(invitation)).await.unwrap(), expected, "{name}");
        }
        assert!(accounts.register(&new("An na"), Some(secret.reveal())).await.unwrap_err().is_usage());
        let Registered::As(anna) = accounts.register(&new("anna"), Some(secret.reveal())).await.unwrap() else {
            panic!("the invitation is unused")
        };
        assert_eq!((anna.role, anna.limits), (Role::User, Limits::default()));
        assert_eq!(accounts.by_password("anna", PASSWORD).await.unwrap(), Login::As(anna));
        assert_eq!(accounts.register(&new("ben"), Some(secret.reveal())).await.unwrap(), Registered::Uninvited);

        accounts.database.wait(5000).await;
        assert_eq!(accounts.register(&new("ben"), Some(other.1.reveal())).await.unwrap(), Registered::Uninvited);
        let listed = accounts.invitations().await.unwrap();
        let used = listed.iter().find(|invitation| invitation.id == made.id).unwrap();
        assert_eq!((used.used_by.as_deref(), used.note.as_str()), (Some("anna"), "Anna's cousin"));
        assert!(!accounts.withdraw_invitation(&made.id).await.unwrap(), "it is used");
        assert!(accounts.withdraw_invitation(&other.0.id).await.unwrap());
        accounts.remove_user("anna").await.unwrap();
        assert_eq!(accounts.invitations().await.unwrap()[0].used_by, None);
        for (note, lasts) in [("a\nb", 1), (&*"x".repeat(101), 1), ("", 0), ("", 400 * 86_400)] {
            assert!(accounts.invite(note, Duration::from_secs(lasts)).await.unwrap_err().is_usage(), "{note} {lasts}");
        }
        // Without an invitation, where none is needed.
        assert!(matches!(accounts.register(&new("cleo"), None).await.unwrap(), Registered::As(_)));
    });
}

#[test]
fn a_link_sets_a_forgotten_password_once() {
    on_each(async |accounts| {
        let anna = accounts.create_user(&NewUser::new("anna", Some(PASSWORD))).await.unwrap().unwrap();
        let session = accounts.begin_session(&anna, None).await.unwrap();
        let lasts = Duration::from_secs(5);
        let late = accounts.begin_reset(&anna, lasts).await.unwrap();
        accounts.database.wait(5000).await;
        assert_eq!(accounts.by_reset(late.reveal()).await.unwrap(), None);
        assert_eq!(accounts.reset_password(late.reveal(), "another password").await.unwrap(), None);

        let (one, other) =
            (accounts.begin_reset(&anna, lasts).await.unwrap(), accounts.begin_reset(&anna, lasts).await);
        assert_eq!(accounts.by_reset(one.reveal()).await.unwrap(), Some(anna.clone()));
        assert!(accounts.reset_password(one.reveal(), "short").await.unwrap_err().is_usage());
        assert!(accounts.by_session(session.reveal()).await.unwrap().is_some(), "nothing has changed yet");
        assert_eq!(accounts.reset_password(one.reveal(), "another password").await.unwrap(), Some(anna.clone()));
        assert_eq!(accounts.by_session(session.reveal()).await.unwrap(), None);
        assert_eq!(accounts.by_password("anna", PASSWORD).await.unwrap(), Login::Wrong);
        assert_eq!(accounts.by_password("anna", "another password").await.unwrap(), Login::As(anna.clone()));
        // Neither the same link nor another one changes it again.
        for link in [one.reveal(), other.unwrap().reveal(), "", "wrong"] {
            assert_eq!(accounts.reset_password(link, PASSWORD).await.unwrap(), None, "{link}");
        }
        let oldest = accounts.begin_reset(&anna, lasts).await.unwrap();
        for _ in 0..5 {
            accounts.database.wait(1).await;
            accounts.begin_reset(&anna, lasts).await.unwrap();
        }
        assert_eq!(accounts.by_reset(oldest.reveal()).await.unwrap(), None, "only five are valid");
        assert_eq!(accounts.database.number("SELECT count(*) AS number FROM resets", &[]).await, 5);
        accounts.set_password("anna", PASSWORD).await.unwrap();
        assert_eq!(accounts.database.number("SELECT count(*) AS number FROM resets", &[]).await, 0);
        let last = accounts.begin_reset(&anna, lasts).await.unwrap();
        let disabled = Changes { disabled: Some(true), ..Changes::default() };
        accounts.change_user("anna", &disabled).await.unwrap();
        assert_eq!(accounts.reset_password(last.reveal(), PASSWORD).await.unwrap(), None);
    });
}

#[test]
fn a_change_of_the_password_keeps_one_session() {
    on_each(async |accounts| {
        let anna = accounts.create_user(&NewUser::new("anna", Some(PASSWORD))).await.unwrap().unwrap();
        let hostile = format!("<b>\u{202e}\n{}", "x".repeat(500));
        let kept = accounts.begin_session(&anna, Some(&hostile)).await.unwrap();
        let other = accounts.begin_session(&anna, None).await.unwrap();
        let change = async |current, new| accounts.change_password(&anna, current, new, Some(kept.reveal())).await;
        assert_eq!(change("wrong", "another password").await.unwrap(), Changed::Wrong);
        assert!(change(PASSWORD, "short").await.unwrap_err().is_usage());
        let listed = accounts.sessions(&anna.id).await.unwrap();
        assert_eq!(listed.iter().filter(|session| session.is(kept.reveal())).count(), 1);
        assert_eq!(listed.len(), 2);
        let client = listed.iter().find(|session| session.is(kept.reveal())).unwrap().client.clone().unwrap();
        assert!(client.chars().count() == 300 && !client.contains('\n'), "{client}");
        assert_eq!(change(PASSWORD, "another password").await.unwrap(), Changed::Yes);
        let listed = accounts.sessions(&anna.id).await.unwrap();
        assert!(listed.len() == 1 && listed[0].is(kept.reveal()) && !listed[0].is(other.reveal()));
        assert_eq!(accounts.by_session(other.reveal()).await.unwrap(), None);

        // Each ends its own alone.
        let ben = user(accounts, "ben").await;
        assert!(!accounts.end_session_of(&ben.id, &listed[0].id).await.unwrap());
        assert!(accounts.end_session_of(&anna.id, &listed[0].id).await.unwrap());
        assert!(!accounts.end_session_of(&anna.id, &listed[0].id).await.unwrap());
        assert!(!accounts.has_password(&ben).await.unwrap() && accounts.has_password(&anna).await.unwrap());
    });
}

#[test]
fn a_user_who_leaves_is_remembered_until_nothing_is_left() {
    on_each(async |accounts| {
        let anna = accounts.create_user(&NewUser::new("anna", Some(PASSWORD))).await.unwrap().unwrap();
        let admin = NewUser { role: Role::Admin, ..NewUser::new("ada", None) };
        let ada = accounts.create_user(&admin).await.unwrap().unwrap();
        let session = accounts.begin_session(&anna, None).await.unwrap();
        assert!(accounts.depart(&anna).await.unwrap());
        assert!(!accounts.depart(&anna).await.unwrap());
        assert_eq!(accounts.by_session(session.reveal()).await.unwrap(), None);
        assert_eq!(accounts.departed().await.unwrap(), std::slice::from_ref(&anna.id));
        accounts.forget_departed(&anna.id).await.unwrap();
        assert_eq!(accounts.departed().await.unwrap().len(), 1, "a last request may go on");
        accounts.database.wait(600_000).await;
        accounts.forget_departed(&anna.id).await.unwrap();
        assert!(accounts.departed().await.unwrap().is_empty());
        assert!(!accounts.depart(&ada).await.unwrap(), "nobody could make another admin");
        accounts.create_user(&NewUser { name: "bea".into(), ..admin }).await.unwrap().unwrap();
        assert!(accounts.depart(&ada).await.unwrap());
    });
}
