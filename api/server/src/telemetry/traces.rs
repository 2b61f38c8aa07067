//! W3C trace context: taken over from the caller, and sent back.

use actix_web::http::header::HeaderMap;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The answer's `traceparent`.
#[derive(Debug, Clone)]
pub(crate) struct TraceParent(pub String);

/// Joins a request's span to its caller's trace, and says which span answered. If no traces are collected, the caller's
/// trace id is still sent back, with a new span id.
pub(crate) fn join(span: &Span, headers: &HeaderMap) -> TraceParent {
    let caller = headers.get("traceparent").and_then(|line| read(line.to_str().ok()?));
    if let Some(caller) = &caller {
        // It fails only if no traces are collected.
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(caller.clone()));
    }
    let context = span.context();
    let own = context.span().span_context().clone();
    let (trace, span, flags) = if own.is_valid() && Some(own.span_id()) != caller.as_ref().map(SpanContext::span_id) {
        (own.trace_id(), own.span_id(), own.trace_flags())
    } else {
        let ids = RandomIdGenerator::default();
        let (trace, flags) =
            caller.map_or_else(|| (ids.new_trace_id(), TraceFlags::NOT_SAMPLED), |caller| (caller.trace_id(), caller.trace_flags()));
        (trace, ids.new_span_id(), flags)
    };
    TraceParent(format!("00-{trace}-{span}-{:02x}", flags.to_u8()))
}

// Version 00 has exactly four parts; a later version may have more (Trace Context, 3.2.2).
fn read(line: &str) -> Option<SpanContext> {
    let lower_hex = |part: &str, length| part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = line.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let shaped = lower_hex(version, 2) && lower_hex(trace, 32) && lower_hex(span, 16) && lower_hex(flags, 2);
    if !shaped || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & 1);
    let context = SpanContext::new(TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_formed_trace_parent_is_taken_over() {
        let context = read("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert!(context.is_sampled());
        assert!(read("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more").is_some());
        for wrong in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}
