#include "muster/app/serve_request.h"

#include <cstdlib>
#include <optional>

#include "muster/app/help.h"
#include "muster/app/input_text.h"
#include "muster/app/keys.h"
#include "muster/app/resolve.h"
#include "muster/base/error.h"

namespace muster {

namespace {

double seconds_between(const Arguments& arguments) {
  const auto text = arguments.flag("every");
  if (!text) return 0;
  char* end = nullptr;
  const double seconds = std::strtod(text->c_str(), &end);
  if (end == text->c_str() || *end != '\0' || !(seconds >= 0.1 && seconds <= 86400))
    throw OptionError("every", *text, "must be seconds, from 0.1 to 86400");
  return seconds;
}

Configuration configuration_of(const std::optional<std::string>& config, const Arguments& arguments) {
  if (config) hold_input("CONFIG", *config);
  return resolve(config, arguments.settings, Scope::serving);
}

}  // namespace

ServeRequest read_serve_request(const std::vector<std::string>& words) {
  ServeRequest request{parse_arguments(words, serve_help().flags, 1), {}, {}};
  if (request.arguments.has("help")) return request;
  const auto& files = request.arguments.positional;
  request.configuration =
      configuration_of(files.empty() ? std::nullopt : std::optional(files.front()), request.arguments);
  if (request.arguments.has("recover")) request.configuration.run.resume = true;
  return request;
}

ServeRequest read_work_request(const std::vector<std::string>& words) {
  ServeRequest request{parse_arguments(words, work_help().flags, 2), {}, {}};
  if (request.arguments.has("help")) return request;
  const auto& given = request.arguments.positional;
  if (given.empty())
    throw OptionError("ADDRESS", "(none)", "say where the server is: muster work HOST:PORT [CONFIG.toml]");
  request.address = given[0];
  request.configuration =
      configuration_of(given.size() < 2 ? std::nullopt : std::optional(given[1]), request.arguments);
  return request;
}

DoorOptions door_options(const ServeSection& serve) {
  return {.certificate = serve.certificate,
          .key = serve.key,
          .authority = serve.authority,
          .token_file = serve.token_file,
          .allow_plaintext_beyond_loopback = serve.allow_plaintext_beyond_loopback};
}

StatusRequest read_status_request(const std::vector<std::string>& words) {
  StatusRequest request{parse_arguments(words, status_help().flags, 1), {}, {}, 0};
  const Arguments& arguments = request.arguments;
  if (arguments.has("help")) return request;
  if (arguments.positional.empty())
    throw OptionError("ADDRESS", "(none)", "say where the server is: muster status HOST:PORT");
  for (const Setting& setting : arguments.settings)
    find_key(setting.name, setting.text).set_text(request.configuration, setting.text);
  request.address = arguments.positional[0];
  request.every = seconds_between(arguments);
  return request;
}

}  // namespace muster
