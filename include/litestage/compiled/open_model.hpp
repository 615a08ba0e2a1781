// The instances of io::load_model and io::open_model that litestage::compiled has, where it has io: for the backends of
// the host.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "litestage/backend/cpu/declaration.hpp"
#include "litestage/backend/reference/declaration.hpp"
#include "litestage/io/open_model.hpp"

// `kind` as in compiled/sessions.hpp.
#define LITESTAGE_OPEN_MODEL(kind, B)                                                             \
  kind template LanguageModel<B> load_model<B>(const ModelFile& file, std::shared_ptr<B> backend, \
                                               const std::function<void(int, int)>& progress);    \
  kind template LanguageModel<B> open_model<B>(const std::string& path);

namespace litestage::io {

LITESTAGE_OPEN_MODEL(extern, CpuBackend)
LITESTAGE_OPEN_MODEL(extern, ReferenceBackend)

}  // namespace litestage::io
