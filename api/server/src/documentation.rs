//! The contract in the forms in which it is served.

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use documents::ProblemType;
use utoipa::openapi::{OpenApi, PathItem};

use crate::problems::Kind;

/// The contract in the forms in which it is served, and the methods that each path answers.
pub(crate) struct Documentation {
    pub json: String,
    pub page: String,
    /// The page of the formats.
    pub formats: String,
    paths: Vec<(ResourceDef, Vec<Method>)>,
}

impl Documentation {
    pub(crate) fn new(document: &OpenApi) -> Result<Self, serde_json::Error> {
        let paths = document.paths.paths.iter().map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item))).collect();
        let problems = Kind::ALL.iter().map(|kind| ProblemType { code: kind.code(), status: kind.status().as_u16(), title: kind.title() });
        let page = documents::contract_page(&serde_json::to_value(document)?, problems);
        let formats = documents::formats_page(|format| format!("/v1/formats/{format}/samples"));
        Ok(Self { json: serde_json::to_string(document)?, page, formats, paths })
    }

    /// The methods that a path answers; none if there is no such path.
    pub(crate) fn methods(&self, path: &str) -> Vec<Method> {
        // A path that the table lists word for word is only that path, even if a template matches it too.
        let is_itself = self.paths.iter().any(|(template, _)| template.pattern() == Some(path));
        let answers = |template: &ResourceDef| if is_itself { template.pattern() == Some(path) } else { template.is_match(path) };
        self.paths.iter().filter(|(template, _)| answers(template)).flat_map(|(_, methods)| methods.iter().cloned()).collect()
    }
}

fn methods(item: &PathItem) -> Vec<Method> {
    [
        (item.get.is_some(), Method::GET),
        (item.get.is_some(), Method::HEAD),
        (item.put.is_some(), Method::PUT),
        (item.post.is_some(), Method::POST),
        (item.delete.is_some(), Method::DELETE),
        (item.patch.is_some(), Method::PATCH),
    ]
    .into_iter()
    .filter_map(|(answers, method)| answers.then_some(method))
    .collect()
}
