//! What the OpenAPI document says about every operation alike.

use std::collections::BTreeMap;

use domain::Scope;
use domain::operations;
use domain::operations::Access;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::security::{ClientCredentials, Flow, OAuth2, Scopes, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
};

use crate::bodies::faults::Fault;
use crate::fhir;
use crate::problems::{Kind, ProblemView};

const DESCRIPTION: &str = "Sends and reads waiting lists, education, health and care plans, advice and released figures between \
partners. Every connection shows a client certificate; every operation but the public ones takes an access token that is bound to \
it. An operation on one child's record takes the header `Sendbridge-Actor: id=\"…\", role=\"…\", reason=\"…\"`. Errors are \
`application/problem+json` (RFC 9457), under `/fhir/R4` an `OperationOutcome`. `HEAD` answers wherever `GET` does.";

/// The document before it has operations.
pub fn base() -> OpenApi {
    let mut components = Components::builder().schema_from::<ProblemView<'_>>().schema_from::<Fault>().build();
    let scopes = Scopes::from_iter(Scope::ALL.iter().map(|scope| (scope.as_str(), scope.as_str())));
    components.add_security_scheme(
        "oauth2",
        SecurityScheme::OAuth2(OAuth2::new([Flow::ClientCredentials(ClientCredentials::new("/oauth2/token", scopes))])),
    );
    components.add_security_scheme(
        "mutual_tls",
        SecurityScheme::MutualTls { description: Some("A listed client's certificate.".into()), deprecated: None, extensions: None },
    );
    let info = InfoBuilder::new()
        .title("Sendbridge partner API")
        .version("1")
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build()));
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// Adds to each operation what its line in `domain::operations` says about it: its certificate and token, whether the
/// person must be named, whether it takes a key. Also adds the answers that any operation may give, unless it describes
/// its own.
pub fn complete(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        let shape = if fhir::is_path(path) { OUTCOME } else { PROBLEM };
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            add_problems(operation, shape);
            add_access(operation);
        }
    }
    if let Some(components) = &mut document.components {
        name_items(&mut components.schemas);
    }
    document
}

/// Gives a page's items a named schema of their own. Derived, it is repeated inside each page, and a generated client has
/// a type for each repetition.
fn name_items(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let mut named = Vec::new();
    for (name, schema) in schemas.iter_mut() {
        let (Some(item), RefOr::T(Schema::Object(page))) = (name.strip_prefix("Page_"), schema) else { continue };
        if let Some(RefOr::T(Schema::Array(items))) = page.properties.get_mut("items") {
            let reference = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
            if let ArrayItems::RefOrSchema(schema) = std::mem::replace(&mut items.items, reference) {
                named.push((item.to_owned(), *schema));
            }
        }
    }
    schemas.extend(named);
}

fn add_problems(operation: &mut Operation, shape: Shape) {
    let common = [Kind::Unauthorised, Kind::TooMany, Kind::Internal, Kind::Busy];
    for kind in common {
        let status = kind.status().as_u16().to_string();
        operation.responses.responses.entry(status).or_insert_with(|| RefOr::T(problem(kind.title(), shape)));
    }
    operation.responses.responses.entry("default".into()).or_insert_with(|| RefOr::T(problem("A problem", shape)));
}

fn add_access(operation: &mut Operation) {
    let Some(named) = operation.operation_id.as_deref().and_then(|id| id.parse::<operations::Operation>().ok()) else { return };
    let scopes: &[Scope] = match named.access() {
        Access::Token(scopes) => scopes,
        Access::Certificate | Access::Inside => {
            operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], _>("mutual_tls", [])]);
            return;
        }
    };
    // A token alone is never enough: it is bound to a certificate.
    let with_certificate = |need: SecurityRequirement| need.add::<_, [&str; 0], _>("mutual_tls", []);
    let mut needs: Vec<_> = scopes.iter().map(|scope| SecurityRequirement::new("oauth2", [scope.as_str()])).collect();
    if needs.is_empty() {
        needs.push(SecurityRequirement::new::<_, [&str; 0], _>("oauth2", []));
    }
    operation.security = Some(needs.into_iter().map(with_certificate).collect());
    if !named.names_a_person() && !named.takes_a_key() {
        return;
    }
    let parameters = operation.parameters.get_or_insert_default();
    if named.names_a_person() && !describes(parameters, PERSON) {
        let first = parameters.iter().position(|parameter| is(parameter, |it| it.parameter_in == ParameterIn::Header));
        let person = header(PERSON, Required::True, "The person behind the call", &[Type::String]);
        parameters.insert(first.unwrap_or(parameters.len()), person);
    }
    if named.takes_a_key() && !describes(parameters, KEY) {
        let key = header(KEY, Required::False, "1 to 128 printable ASCII characters", &[Type::String, Type::Null]);
        parameters.push(key);
    }
}

const PERSON: &str = "Sendbridge-Actor";
const KEY: &str = "Idempotency-Key";

/// Whether the operation describes a header itself.
fn describes(parameters: &[RefOr<Parameter>], name: &str) -> bool {
    parameters.iter().any(|parameter| is(parameter, |it| it.name == name))
}

fn is(parameter: &RefOr<Parameter>, so: impl Fn(&Parameter) -> bool) -> bool {
    matches!(parameter, RefOr::T(parameter) if so(parameter))
}

fn header(name: &str, required: Required, description: &str, types: &[Type]) -> RefOr<Parameter> {
    let schema_type = match types {
        [one] => SchemaType::new(one.clone()),
        several => several.iter().cloned().collect(),
    };
    let schema = Object::builder().schema_type(schema_type).build();
    let described = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(required);
    RefOr::T(described.description(Some(description)).schema(Some(schema)).build())
}

/// The media types of a problem, and the name of its schema, if the document has one.
type Shape = (&'static [&'static str], Option<&'static str>);
const PROBLEM: Shape = (&["application/problem+json"], Some("Problem"));
const OUTCOME: Shape = (&[fhir::JSON, fhir::XML], None);

fn problem(description: &str, (media_types, schema): Shape) -> Response {
    let content = || Content::new::<RefOr<Schema>>(schema.map(|name| RefOr::Ref(Ref::from_schema_name(name))));
    let described = ResponseBuilder::new().description(description);
    media_types.iter().fold(described, |response, media_type| response.content(*media_type, content())).build()
}
