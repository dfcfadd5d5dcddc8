# shellcheck shell=bash disable=SC2154
# Sourced after lib_up.sh by tests that want real clients from the npm registry.
#   npm_use REASON-TO-SKIP   sets $modules to a folder with node_modules in it,
#                            or skips the test; kept in the build folder
npm_packages=(
  @opentelemetry/api@1.9.1 @opentelemetry/sdk-trace-base@2.12.1
  @opentelemetry/sdk-trace-node@2.12.1
  @opentelemetry/exporter-trace-otlp-http@0.223.1
  @opentelemetry/exporter-trace-otlp-proto@0.223.1
  @traceloop/node-server-sdk@0.27.0 @langfuse/otel@5.11.1
  @langfuse/tracing@5.11.1 ai@6.0.326 @ai-sdk/openai@3.0.141
  @ai-sdk/anthropic@3.0.140 openai@6.49.0 @anthropic-ai/sdk@1.14.0
  @openai/codex@0.171.0
)

npm_use() {
  local why
  modules=$(dirname "$aco")/npm-clients
  if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    skip "$1" 'npm is not installed'
    finish
  fi
  mkdir -p "$modules"
  # Several tests want the same folder; one fills it.
  exec 7>"$modules/lock"
  flock 7
  if [ "$(cat "$modules/done" 2>/dev/null)" != "${npm_packages[*]}" ]; then
    if ! npm install --prefix "$modules" --prefer-offline --no-audit \
      --no-fund --ignore-scripts --fetch-retries 0 --fetch-timeout 60000 \
      "${npm_packages[@]}" >"$work/npm.log" 2>&1; then
      why=$(grep -m 1 'npm error' "$work/npm.log")
      flock -u 7
      skip "$1" "npm: $why"
      finish
    fi
    echo "${npm_packages[*]}" >"$modules/done"
  fi
  flock -u 7
}
