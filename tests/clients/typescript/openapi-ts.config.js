export default { output: { importFileExtension: ".js", path: "partner-api" }, plugins: ["@hey-api/client-fetch"] };
