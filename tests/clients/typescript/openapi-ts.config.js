export default { output: { path: "partner-api", tsConfigPath: "./tsconfig.json" }, plugins: ["@hey-api/client-fetch"] };
