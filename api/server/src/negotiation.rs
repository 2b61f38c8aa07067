//! Chooses the form of an answer by what the request accepts.

use actix_web::http::header::HeaderValue;

use crate::problems::{Kind, Problem};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Csv,
}

impl Form {
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// The form that `Accept` prefers; JSON if it has no preference.
pub(crate) fn negotiate(accept: Option<&HeaderValue>) -> Result<Form, Problem> {
    choose(accept, &[("application/json", Form::Json), ("text/csv", Form::Csv)])
}

/// The offered media type that `Accept` prefers; the first if it has no preference.
pub(crate) fn choose<T: Copy>(accept: Option<&HeaderValue>, offers: &[(&'static str, T)]) -> Result<T, Problem> {
    let unacceptable = || {
        let all: Vec<_> = offers.iter().map(|(media, _)| *media).collect();
        Problem::new(Kind::NotAcceptable).detail(format!("There is {}.", documents::all_of(&all)))
    };
    let ranges = accept.map_or(Ok("*/*"), HeaderValue::to_str).map_err(|_| unacceptable())?;
    let mut best: Option<(f32, T)> = None;
    for range in ranges.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let wanted = parts.next().unwrap_or_default().to_ascii_lowercase();
        let fits = |media: &str| match wanted.strip_suffix('*') {
            Some("*/") => true,
            Some(kind) => kind.ends_with('/') && media.starts_with(kind),
            None => media == wanted,
        };
        let Some((_, offer)) = offers.iter().find(|(media, _)| fits(media)) else { continue };
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |weight| weight.parse::<f32>().ok()).unwrap_or(0.0);
        if weight > 0.0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, *offer));
        }
    }
    best.map(|(_, offer)| offer).ok_or_else(unacceptable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &'static str) -> Option<Form> {
        negotiate(Some(&HeaderValue::from_static(accept))).ok()
    }

    #[test]
    fn the_preferred_form_is_given() {
        assert_eq!(negotiate(None).ok(), Some(Form::Json));
        assert_eq!(form("*/*"), Some(Form::Json));
        assert_eq!(form("text/csv"), Some(Form::Csv));
        assert_eq!(form("application/json;q=0.5, text/csv"), Some(Form::Csv));
        assert_eq!(form("text/csv;q=0.1, */*;q=0.8"), Some(Form::Json));
        assert_eq!(form("text/html"), None);
        assert_eq!(form("text/csv;q=0"), None);
        assert_eq!((form("text/*"), form("application/*"), form("text*"), form("*")), (Some(Form::Csv), Some(Form::Json), None, None));
    }
}
