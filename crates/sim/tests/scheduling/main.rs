//! Schedulers against hand-worked schedules, brute force, naive imitations and closed forms.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod closed_forms;
mod host;
mod queue;
mod support;
