//! What may be sent: `GET /v1/formats`, one format, and its samples. All of it comes from the adapters.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, get, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::operations::GetFormat;
use domain::operations::GetSample;
use domain::operations::ListFormats;
use domain::{CodeList, Dataset, closed_values};
use exchange::{FORMATS, Format, Sample};
use serde::Serialize;
use utoipa::ToSchema;

use crate::bodies::FileBody;
use crate::calls::Call;
use crate::pages::Page;
use crate::problems::{Kind, Problem};

/// A format, in short.
#[derive(Debug, Serialize, ToSchema)]
pub struct FormatSummaryView {
    #[schema(example = "csv")]
    pub format: &'static str,
    pub dataset: Dataset,
    pub title: &'static str,
    /// For `Content-Type`, the usual one first.
    pub media_types: &'static [&'static str],
    /// Where all of it is described.
    #[schema(example = "/v1/formats/csv")]
    pub href: String,
}

/// A format.
#[derive(Debug, Serialize, ToSchema)]
pub struct FormatView {
    #[serde(flatten)]
    pub summary: FormatSummaryView,
    /// The columns or elements that are read.
    pub fields: Vec<FieldView>,
    /// The lists that the codes of its fields are of.
    pub code_lists: Vec<CodeListView>,
    pub samples: Vec<SampleView>,
    /// An empty file to fill in, where people or exports fill one in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/formats/csv/samples/waiting-list-template.csv")]
    pub template: Option<String>,
    /// Made-up records, one for each thing that a file has to say; none of published counts. Those of the national data
    /// sets name the provider that they are of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/formats/csv/samples/waiting-list-examples.csv")]
    pub examples: Option<String>,
    /// Where everything is listed that can be wrong.
    #[schema(example = "/v1/issues")]
    pub issues: &'static str,
}

/// A column or an element.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldView {
    #[schema(example = "rtt_status")]
    pub name: &'static str,
    /// Whether every row needs a value.
    pub required: bool,
    pub meaning: &'static str,
    /// The only values there are: any other is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<&'static str>>,
    /// The name of its code list: a code that is not on it is a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "rtt_period_status")]
    pub code_list: Option<&'static str>,
}

/// A code list, as it was on its date.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeListView {
    #[schema(example = "rtt_period_status")]
    pub name: &'static str,
    pub title: &'static str,
    /// The release that it is of, a year and a month.
    #[schema(example = "2020-11")]
    pub released: &'static str,
    pub source: &'static str,
    pub codes: Vec<CodeView>,
}

/// A code.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeView {
    pub code: &'static str,
    pub meaning: &'static str,
    /// Where it was retired: when, in the source's words. It is read still, with a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired: Option<&'static str>,
}

/// A file that shows the format. No person in it is real.
#[derive(Debug, Serialize, ToSchema)]
pub struct SampleView {
    pub name: &'static str,
    /// How many records it holds.
    pub records: u64,
    /// Where it comes from, and under what licence.
    pub provenance: &'static str,
    /// Where the file itself is.
    pub href: String,
    /// What is in it, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'static str>,
    /// What is in it, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

/// The formats
///
/// Everything that can be sent, by its name in `format=`.
#[utoipa::path(tag = "formats", responses((status = 200, description = "The formats", body = Page<FormatSummaryView>)))]
#[get("/v1/formats")]
pub async fn list_formats(_call: Call<ListFormats>) -> web::Json<Page<FormatSummaryView>> {
    web::Json(Page { items: FORMATS.iter().copied().map(FormatSummaryView::from).collect(), next: None })
}

/// One format
///
/// Its fields, the lists that their codes are of, and files that show it.
#[utoipa::path(
    tag = "formats", params(("format" = String, Path, example = "csv")),
    responses((status = 200, description = "The format", body = FormatView))
)]
#[get("/v1/formats/{format}")]
pub async fn get_format(_call: Call<GetFormat>, format: web::Path<String>) -> Result<web::Json<FormatView>, Problem> {
    Ok(web::Json(find(&format)?.into()))
}

/// A sample of a format
///
/// The file as it would be sent: a sample, the template or the examples.
#[utoipa::path(
    tag = "formats",
    params(("format" = String, Path, example = "csv"), ("name" = String, Path, example = "every-column.csv")),
    responses((status = 200, description = "The file", body = FileBody, content_type = "application/octet-stream"))
)]
#[get("/v1/formats/{format}/samples/{name}")]
pub async fn get_sample(_call: Call<GetSample>, path: web::Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (format, name) = path.into_inner();
    let adapter = find(&format)?;
    let found = adapter.files().into_iter().find(|sample| sample.name == name);
    let sample = found.ok_or(Problem::new(Kind::NotFound))?;
    Ok(HttpResponse::Ok()
        .content_type(adapter.media_types().first().copied().unwrap_or("application/octet-stream"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", sample.name)))
        .body(sample.bytes))
}

fn find(format: &str) -> Result<Format, Problem> {
    FORMATS.iter().copied().find(|adapter| adapter.format() == format).ok_or(Problem::new(Kind::NotFound))
}

impl From<Format> for FormatSummaryView {
    fn from(adapter: Format) -> Self {
        let format = adapter.format();
        let href = format!("/v1/formats/{format}");
        Self { format, dataset: adapter.dataset(), title: adapter.title(), media_types: adapter.media_types(), href }
    }
}

impl From<Format> for FormatView {
    fn from(adapter: Format) -> Self {
        let fields = adapter.fields().iter().map(|field| FieldView {
            name: field.name,
            required: field.required,
            meaning: field.meaning,
            values: closed_values(field.name),
            code_list: adapter.code_list(field.name).map(|list| list.name),
        });
        let starters = adapter.starters();
        Self {
            summary: adapter.into(),
            fields: fields.collect(),
            code_lists: adapter.code_lists().into_iter().map(CodeListView::from).collect(),
            template: starters.template.map(|it| href_of(adapter, it)),
            examples: starters.examples.map(|it| href_of(adapter, it)),
            samples: adapter.samples().iter().map(|sample| sample_view(adapter, sample)).collect(),
            issues: "/v1/issues",
        }
    }
}

impl From<&'static CodeList> for CodeListView {
    fn from(list: &'static CodeList) -> Self {
        let origin = list.origin();
        let codes = list.codes().iter().map(|code| CodeView { code: &code.code, meaning: &code.meaning, retired: code.retired.as_deref() });
        Self { name: list.name, title: &origin.title, released: &origin.released, source: &origin.source, codes: codes.collect() }
    }
}

fn href_of(adapter: Format, sample: &Sample) -> String {
    format!("/v1/formats/{}/samples/{}", adapter.format(), sample.name)
}

fn sample_view(adapter: Format, sample: &'static Sample) -> SampleView {
    let text = std::str::from_utf8(sample.bytes).ok();
    SampleView {
        name: sample.name,
        records: sample.records,
        provenance: sample.provenance,
        href: href_of(adapter, sample),
        text,
        base64: text.is_none().then(|| STANDARD.encode(sample.bytes)),
    }
}
