//! How to reach a Kafka cluster: the settings of librdkafka, with secrets resolved as late as possible and never printed.
//!
//! Used by everything that speaks Kafka. A value may be `${NAME}` (environment) or `file:PATH`, so that no secret needs to
//! stand in the configuration file.

use crate::kafka::token;
use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Whether this build can speak TLS.
pub const TLS: bool = cfg!(any(feature = "tls", feature = "tls-vendored"));

/// Settings on which correctness rests, so that users cannot change them.
const RESERVED: &[&str] = &["bootstrap.servers", "metadata.broker.list", "group.id", "enable.auto.commit", "enable.auto.offset.store"];

/// Defaults of a client that reads given offsets outside of any group: it commits nothing, is told where a partition ends, and of an
/// offset that is not there rather than being led to another.
pub const READS_OFFSETS: &[(&str, &str)] = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("auto.offset.reset", "error"),
    ("enable.partition.eof", "true"),
    ("allow.auto.create.topics", "false"),
];

const PROTOCOL: &str = "security.protocol";

/// A cluster and how to speak to it.
#[derive(Clone, Default)]
pub struct Cluster {
    /// `host:port`, separated by commas.
    pub brokers: String,
    /// Passed on to librdkafka: `security.protocol`, `sasl.username`, `ssl.ca.location` and so on.
    pub client: BTreeMap<String, String>,
}

/// Why a client cannot be made. Never holds a secret's value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SettingsError {
    /// The build is without TLS.
    #[error("client.{PROTOCOL} = {0:?}: this build has no TLS: build with --features tls")]
    NoTls(String),
    /// Brokers are missing.
    #[error("brokers must be one or several host:port, got an empty text")]
    NoBrokers,
    /// The user may not choose it.
    #[error("client.{0} must not be set: leakwarden sets it itself")]
    Reserved(String),
    /// A reference to a secret cannot be resolved.
    #[error("client.{setting} = {reference:?}: {why}")]
    Reference {
        /// The setting.
        setting: String,
        /// `${NAME}` or `file:PATH`: not the value behind it.
        reference: String,
        /// What is wrong with it.
        why: String,
    },
    /// librdkafka refuses a setting.
    #[error("client.{setting} = {value}: {why}")]
    Refused {
        /// The setting.
        setting: String,
        /// Its value, or a mask.
        value: String,
        /// What librdkafka says.
        why: String,
    },
    /// librdkafka refuses the settings as a whole.
    #[error("kafka client: {0}")]
    Client(String),
    /// No broker answers: they may be back in a moment.
    #[error("kafka client: {0}")]
    Unreachable(String),
}

impl Cluster {
    /// Settings for librdkafka: the defaults given, then the user's on top.
    pub fn config(&self, defaults: &[(&str, &str)]) -> Result<ClientConfig, SettingsError> {
        self.config_from(defaults, |name| std::env::var(name).ok())
    }

    fn config_from(&self, defaults: &[(&str, &str)], environment: impl Fn(&str) -> Option<String>) -> Result<ClientConfig, SettingsError> {
        if self.brokers.trim().is_empty() {
            return Err(SettingsError::NoBrokers);
        }
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.brokers.trim());
        config.set("client.id", "leakwarden");
        for (setting, value) in defaults {
            config.set(*setting, *value);
        }
        for (setting, value) in &self.client {
            if RESERVED.contains(&setting.as_str()) {
                return Err(SettingsError::Reserved(setting.clone()));
            }
            if setting == token::SETTING {
                continue;
            }
            let value = resolve(setting, value, &environment)?;
            if setting == PROTOCOL && !TLS && !value.eq_ignore_ascii_case("plaintext") {
                return Err(SettingsError::NoTls(value));
            }
            config.set(setting, value);
        }
        if let Some(reference) = self.token() {
            config.set(token::CARRIER, token::carried(reference)?);
        }
        Ok(config)
    }

    /// The reference to the OAUTHBEARER token, if clients authenticate by one.
    pub fn token(&self) -> Option<&str> {
        self.client.get(token::SETTING).map(String::as_str)
    }

    /// Where it is, for people: `at h:9092 with 2 client settings`. Never the settings, which may hold secrets.
    pub fn describe(&self) -> String {
        let settings = match self.client.len() {
            0 => String::new(),
            1 => " with 1 client setting".to_owned(),
            n => format!(" with {n} client settings"),
        };
        let tls = if TLS { "" } else { ", build without TLS" };
        format!("at {}{settings}{tls}", self.brokers)
    }

    /// Checks everything but whether the brokers answer.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.config(&[])?.create_native_config().map(drop).map_err(without_secrets)?;
        self.token().map_or(Ok(()), |reference| token::read(reference, |name| std::env::var(name).ok()).map(drop))
    }

    /// A consumer for a few requests, such as metadata or offsets, that is not polled for long.
    pub fn request_client<C: ConsumerContext>(&self, config: &ClientConfig, context: C) -> Result<BaseConsumer<C>, SettingsError> {
        let consumer: BaseConsumer<C> = self.client(config, context)?;
        if self.token().is_some() {
            // librdkafka asks for the token inside of a poll.
            let _ = consumer.poll(Duration::from_millis(50));
        }
        Ok(consumer)
    }

    /// A client of these settings.
    pub fn client<C, T: FromClientConfigAndContext<C>>(&self, config: &ClientConfig, context: C) -> Result<T, SettingsError>
    where
        C: rdkafka::ClientContext,
    {
        config.create_with_context(context).map_err(without_secrets)
    }
}

/// What a setting stands for: itself, an environment variable, or the content of a file.
pub fn resolve(setting: &str, value: &str, environment: impl Fn(&str) -> Option<String>) -> Result<String, SettingsError> {
    let failed = |why: String| SettingsError::Reference { setting: setting.to_owned(), reference: value.to_owned(), why };
    if let Some(name) = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        return environment(name).ok_or_else(|| failed("the environment has no such variable".to_owned()));
    }
    if let Some(path) = value.strip_prefix("file:") {
        let text = std::fs::read_to_string(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
        // Editors end files with a line end that is no part of a password.
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    Ok(value.to_owned())
}

/// librdkafka quotes the value that it refuses.
fn without_secrets(error: KafkaError) -> SettingsError {
    match error {
        KafkaError::ClientConfig(_, _, setting, _) if is_secret(&setting) => {
            SettingsError::Refused { value: MASK.to_owned(), why: "refused by librdkafka".to_owned(), setting }
        }
        KafkaError::ClientConfig(_, why, setting, value) => SettingsError::Refused { setting, value: format!("{value:?}"), why },
        KafkaError::ClientCreation(why) => SettingsError::Client(why),
        other => SettingsError::Client(other.to_string()),
    }
}

const MASK: &str = "***";

/// Whether a setting of that name may hold a secret.
pub fn is_secret(setting: &str) -> bool {
    let setting = setting.to_ascii_lowercase();
    ["password", "secret", "key", "token", "jaas", "oauthbearer.config"].iter().any(|part| setting.contains(part))
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client: BTreeMap<&str, &str> =
            self.client.iter().map(|(setting, value)| (setting.as_str(), if is_secret(setting) { MASK } else { value.as_str() })).collect();
        f.debug_struct("Cluster").field("brokers", &self.brokers).field("client", &client).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(client: &[(&str, &str)]) -> Cluster {
        let client = client.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Cluster { brokers: "localhost:9092".to_owned(), client }
    }

    #[test]
    fn no_secret_is_ever_shown() {
        let cluster = cluster(&[
            ("sasl.password", "hunter2"),
            ("sasl.oauthbearer.client.secret", "hunter2"),
            ("ssl.key.pem", "hunter2"),
            ("ssl.keystore.password", "hunter2"),
            ("sasl.oauthbearer.config", "hunter2"),
            ("sasl.username", "leakwarden"),
        ]);
        let shown = format!("{cluster:?}");
        assert!(!shown.contains("hunter2") && shown.contains("leakwarden") && shown.contains("***"), "{shown}");
        let refused = KafkaError::ClientConfig(
            rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_INVALID,
            "invalid value hunter2".to_owned(),
            "ssl.key.pem".to_owned(),
            "hunter2".to_owned(),
        );
        let error = without_secrets(refused);
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn values_may_stand_in_the_environment_or_a_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("password");
        std::fs::write(&path, "s3cret\n").expect("written");
        let reference = format!("file:{}", path.display());
        let cluster = cluster(&[("sasl.password", &reference), ("sasl.username", "${KAFKA_USER}")]);
        let config = cluster.config_from(&[], |name| (name == "KAFKA_USER").then(|| "lw".to_owned())).expect("resolved");
        assert_eq!((config.get("sasl.password"), config.get("sasl.username")), (Some("s3cret"), Some("lw")));
        let error = cluster.config_from(&[], |_| None).expect_err("refused").to_string();
        assert_eq!(error, "client.sasl.username = \"${KAFKA_USER}\": the environment has no such variable");
    }

    #[test]
    fn a_build_without_tls_says_so() {
        let outcome = cluster(&[("security.protocol", "SASL_SSL")]).config(&[]);
        assert_eq!(outcome.is_ok(), TLS);
        if let Err(error) = outcome {
            assert!(error.to_string().ends_with("this build has no TLS: build with --features tls"), "{error}");
        }
        assert!(cluster(&[("security.protocol", "PLAINTEXT")]).config(&[]).is_ok());
    }

    #[test]
    fn what_correctness_rests_on_cannot_be_changed_and_defaults_can() {
        let error = cluster(&[("enable.auto.commit", "true")]).config(&[]).expect_err("refused");
        assert_eq!(error, SettingsError::Reserved("enable.auto.commit".to_owned()));
        let config = cluster(&[("fetch.wait.max.ms", "5")]).config(&[("fetch.wait.max.ms", "500")]).expect("settings");
        assert_eq!(config.get("fetch.wait.max.ms"), Some("5"));
        assert_eq!(Cluster::default().config(&[]).expect_err("refused"), SettingsError::NoBrokers);
    }

    #[test]
    fn a_setting_that_librdkafka_does_not_know_is_named() {
        let cluster = cluster(&[("fetch.wait.maximum", "5")]);
        assert!(cluster.check().is_err_and(|error| error.to_string().starts_with("client.fetch.wait.maximum")));
        let config = cluster.config(&[]).expect("settings");
        let made: Result<rdkafka::producer::BaseProducer, _> = cluster.client(&config, rdkafka::producer::DefaultProducerContext);
        let error = made.err().expect("refused").to_string();
        assert!(error.starts_with("client.fetch.wait.maximum = \"5\": "), "{error}");
    }
}
