#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::parse("fhir", bytes);
    // The interface reads a resource of XML whole.
    let _ = adapters::fhir::from_xml(bytes);
});
