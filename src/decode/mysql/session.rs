//! Who is behind a connection, as MySQL's audit logs write it.

/// Who works on a connection. What an event leaves out is known from earlier ones.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct SessionIdentity {
    /// The login.
    pub user: Option<String>,
    /// Name of the machine that it came from.
    pub host: Option<String>,
    /// Its address.
    pub ip: Option<String>,
    /// The database it works in.
    pub database: Option<String>,
}

impl SessionIdentity {
    /// The parts that say something. A user may be written as `login[account] @ host [ip]`.
    pub(super) fn new(user: &str, host: &str, ip: &str, database: &str) -> SessionIdentity {
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (login, host_inside, ip_inside) = long_form(user).unwrap_or((user, "", ""));
        SessionIdentity {
            user: said(login),
            host: said(host).or_else(|| said(host_inside)),
            ip: said(ip).or_else(|| said(ip_inside)),
            database: said(database),
        }
    }

    /// Fills in from what is known of the connection.
    pub(super) fn or(self, known: &SessionIdentity) -> SessionIdentity {
        SessionIdentity {
            user: self.user.or_else(|| known.user.clone()),
            host: self.host.or_else(|| known.host.clone()),
            ip: self.ip.or_else(|| known.ip.clone()),
            database: self.database.or_else(|| known.database.clone()),
        }
    }
}

/// `root[root] @ localhost []`: the login comes first, the account whose rights it has in brackets.
fn long_form(text: &str) -> Option<(&str, &str, &str)> {
    let (users, place) = text.split_once(" @ ")?;
    let (login, account) = users.trim().strip_suffix(']')?.split_once('[')?;
    let (host, ip) = place.trim().strip_suffix(']')?.rsplit_once('[')?;
    Some((if login.is_empty() { account } else { login }, host.trim(), ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_is_told_from_the_account_behind_it() {
        let who = SessionIdentity::new("joe[dba] @ desk7 [10.0.0.7]", "", "", "crm");
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(who, SessionIdentity { user: said("joe"), host: said("desk7"), ip: said("10.0.0.7"), database: said("crm") });
        assert_eq!(SessionIdentity::new("[root] @ localhost []", "h", "", "").user.as_deref(), Some("root"));
        assert_eq!(
            SessionIdentity::new("root", "localhost", "", ""),
            SessionIdentity { user: said("root"), host: said("localhost"), ..SessionIdentity::default() }
        );
        for text in ["a @ b", "a[ @ b []", " @ ", "[", "a[b] @ c"] {
            assert_eq!(SessionIdentity::new(text, "", "", "").user.as_deref(), Some(text.trim()), "{text}");
        }
    }
}
