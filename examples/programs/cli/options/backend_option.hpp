// The option that names a backend. This header does not include the backends.
#pragma once

#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace litestage::cli {

CLI::Option* add_backend_option(CLI::App& app, std::string& backend);

}  // namespace litestage::cli
