//! The sinks, one file each; what several share: `chat` for rooms with a webhook, `rotated` for files, `recipient` and `posted` for HTTP.

pub mod alertmanager;
pub mod cef;
pub mod chat;
pub mod dingtalk;
pub mod email;
pub mod feishu;
pub mod jsonl;
pub mod ocsf;
pub mod posted;
pub mod postgresql;
pub mod recipient;
pub mod rotated;
pub mod slack;
pub mod syslog;
pub mod teams;
pub mod template;
pub mod webhook;
pub mod wecom;
