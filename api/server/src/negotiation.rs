//! The form of an answer, by what the request accepts.

use actix_web::http::header::HeaderValue;

use crate::problems::{Kind, Problem};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Csv,
}

impl Form {
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// The form that `Accept` likes best; JSON where it does not mind.
pub fn negotiate(accept: Option<&HeaderValue>) -> Result<Form, Problem> {
    choose(accept, &[("application/json", Form::Json), ("text/csv", Form::Csv)])
}

/// The one of several media types that `Accept` likes best; the first where it does not mind.
pub fn choose<T: Copy>(accept: Option<&HeaderValue>, offered: &[(&'static str, T)]) -> Result<T, Problem> {
    let unacceptable = || {
        let names: Vec<_> = offered.iter().map(|(name, _)| *name).collect();
        Problem::new(Kind::NotAcceptable).detail(format!("There is {}.", names.join(" and ")))
    };
    let Some(accept) = accept else { return offered.first().map(|(_, form)| *form).ok_or_else(unacceptable) };
    let accept = accept.to_str().map_err(|_| unacceptable())?;
    let mut best: Option<(f32, T)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default().to_ascii_lowercase();
        let covers = |name: &str| {
            range == "*/*" || range == name || range.strip_suffix('*').is_some_and(|kind| kind.ends_with('/') && name.starts_with(kind))
        };
        let Some((_, form)) = offered.iter().find(|(name, _)| covers(name)) else { continue };
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |weight| weight.parse::<f32>().ok()).unwrap_or(0.0);
        if weight > 0.0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, *form));
        }
    }
    best.map(|(_, form)| form).ok_or_else(unacceptable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &'static str) -> Option<Form> {
        negotiate(Some(&HeaderValue::from_static(accept))).ok()
    }

    #[test]
    fn the_form_that_is_liked_best_is_given() {
        assert_eq!(negotiate(None).ok(), Some(Form::Json));
        assert_eq!(form("*/*"), Some(Form::Json));
        assert_eq!(form("text/csv"), Some(Form::Csv));
        assert_eq!(form("application/json;q=0.5, text/csv"), Some(Form::Csv));
        assert_eq!(form("text/csv;q=0.1, */*;q=0.8"), Some(Form::Json));
        assert_eq!(form("text/html"), None);
        assert_eq!(form("text/csv;q=0"), None);
    }
}
