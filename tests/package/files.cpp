// Uses the libraries of litestage::io: it compiles and links only if the package passes on their headers and libraries.
#include <nlohmann/json.hpp>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <xxhash.h>

#include <string>

std::string io_versions() {
  char pcre2_version[64] = "";
  pcre2_config(PCRE2_CONFIG_VERSION, pcre2_version);
  return nlohmann::json{{"pcre2", pcre2_version}, {"xxhash", XXH_versionNumber()}}.dump();
}
