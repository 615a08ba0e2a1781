// Calls functions that litestage::compiled has and its headers only declare.
#if !defined(LITESTAGE_COMPILED)
#error "litestage::compiled defines LITESTAGE_COMPILED for its users"
#endif

#include <string>

#include "litestage/io/files/json.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/litestage.hpp"

#if defined(NLOHMANN_JSON_VERSION_MAJOR) || defined(PCRE2_MAJOR) || defined(EIGEN_WORLD_VERSION)
#error "headers of litestage::compiled include none of the libraries that it uses"
#endif

std::string first_token(const std::string& path) {
  using namespace litestage;
  const io::Gguf file(path);
  const io::TextCodec codec(io::read_vocabulary(file), path);
  return io::to_json(Form(codec.piece(0)));
}
