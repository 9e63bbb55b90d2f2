#include "muster/app/options/serve_request.h"

#include <optional>

#include "muster/app/keys/catalogue.h"
#include "muster/app/options/flag_reader.h"
#include "muster/app/options/help.h"
#include "muster/app/options/input_text.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/run_configuration.h"
#include "muster/app/options/toml_file.h"
#include "muster/base/error.h"

namespace muster::inline app {

namespace {

double seconds_between(const Arguments& arguments) {
  return FlagReader(arguments).real_within("every", 0.1, 86400, "seconds").value_or(0);
}

/// Keys that describe the server, not the run.
bool is_own_of_server(const std::string& name) {
  if (name == "serve.pull_codec") return false;
  return name.starts_with("serve.") || name == "run.out" || name == "run.resume" || name == "run.threads" ||
         name == "run.start_from" || name == "run.start_from_optimizer" || name == "async.record";
}

void resolve_served(const Catalogue& catalogue, const std::optional<std::string>& path,
                    const std::string& command, ServeRequest& request) {
  if (path) hold_input("CONFIG", configuration_file(*path));
  const Given given = read_given(catalogue, path, request.arguments.settings, Scope::serving);
  request.resolution = resolve_given(catalogue, given, Scope::serving);
  request.configuration = request.resolution.configuration;
  request.unused = unused_line(given.source, command, request.resolution.unused);
}

}  // namespace

ServeRequest read_serve_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  ServeRequest request{parse_arguments(catalogue, words, serve_help().flags, 1), {}, {}, {}, {}};
  if (request.arguments.has("help")) return request;
  resolve_served(catalogue, request.arguments.first(), "muster serve", request);
  if (request.arguments.has("recover")) request.configuration.run.resume = true;
  return request;
}

ServeRequest read_work_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  ServeRequest request{parse_arguments(catalogue, words, work_help().flags, 2), {}, {}, {}, {}};
  if (request.arguments.has("help")) return request;
  const auto& given = request.arguments.positional;
  if (given.empty())
    throw OptionError("ADDRESS", "(none)",
                      "give the address of the server: muster work HOST:PORT [CONFIG.toml]");
  request.address = given[0];
  if (!asks_server(request))
    resolve_served(catalogue, given[1], "muster work", request);
  else
    for (const Setting& setting : request.arguments.settings)
      catalogue.find_key(setting.name, setting.text).set_text(request.configuration, setting.text);
  return request;
}

bool asks_server(const ServeRequest& request) { return request.arguments.positional.size() < 2; }

void resolve_with_server(const Catalogue& catalogue, const std::string& toml, ServeRequest& request) {
  const std::string source = "the server at " + request.address;
  std::vector<FileSetting> settings = read_toml(catalogue, toml, source);
  std::erase_if(settings, [](const FileSetting& setting) { return is_own_of_server(setting.name); });
  request.resolution = resolve_given(
      catalogue, settings_given(source, std::move(settings), request.arguments.settings), Scope::serving);
  request.configuration = request.resolution.configuration;
}

CredentialOptions credential_options(const ServeSection& serve) {
  return {.certificate = serve.certificate,
          .key = serve.key,
          .authority = serve.authority,
          .token_file = serve.token_file,
          .allow_plaintext_beyond_loopback = serve.allow_plaintext_beyond_loopback};
}

StatusRequest read_status_request(const Catalogue& catalogue, const std::vector<std::string>& words) {
  StatusRequest request{parse_arguments(catalogue, words, status_help().flags, 1), {}, {}, 0};
  const Arguments& arguments = request.arguments;
  if (arguments.has("help")) return request;
  if (arguments.positional.empty())
    throw OptionError("ADDRESS", "(none)", "give the address of the server: muster status HOST:PORT");
  for (const Setting& setting : arguments.settings)
    catalogue.find_key(setting.name, setting.text).set_text(request.configuration, setting.text);
  request.address = arguments.positional[0];
  request.every = seconds_between(arguments);
  return request;
}

}  // namespace muster::inline app
