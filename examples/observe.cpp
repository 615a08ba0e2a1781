// Watches single steps: your own observer prints, for every step of one question, how many sub-layers ran, how much
// they changed the residual stream, and the token that was chosen.
#include <exception>
#include <iostream>
#include <memory>
#include <string>

#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/evaluate/text_table.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/open_model.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/litestage.hpp"

using namespace litestage;

namespace {

// A StepObserver names the statistics that it needs, and is called with them. For each forwarded piece of text it gets
// the sub-layers from the bottom up, then the token chosen after it, if it is kept.
struct PrintSteps {
  static constexpr Stat stats = Stat::cosine;

  const io::TextCodec* codec = nullptr;
  int ran = 0;
  Sublayer last = {}, quietest = {};  // quietest: changed the direction of the stream least
  float highest = -2;                 // cosine of `quietest`
  double sum = 0;
  std::string where = {};

  void sublayer(int branch, const RequestInfo& request, const StepInfo& step, Sublayer u, const SublayerStats& s) {
    // Either this piece was the shared prefix of the options, or the branch ended.
    if (ran > 0 && u.index() <= last.index()) end_line("no token kept");
    where = concat(shown(request.stage_name), " branch ", branch, step.phase == Phase::prefill ? " prefill" : " step ");
    if (step.phase == Phase::decode) where += concat(step.step);
    last = u;
    ++ran;
    sum += static_cast<double>(s.cosine);
    if (s.cosine > highest) {
      highest = s.cosine;
      quietest = u;
    }
  }
  void token(int, const RequestInfo&, const StepInfo&, int token) {
    end_line(concat("token ", token, " ", io::to_json(Form(codec->piece(token)))));
  }
  void end_line(const std::string& outcome) {
    if (ran == 0) return;
    std::cout << where << ": " << ran << " sub-layers ran, mean cosine " << evaluate::fixed(sum / ran, 4)
              << ", highest " << evaluate::fixed(static_cast<double>(highest), 4) << " at " << sublayer_name(quietest)
              << "; " << outcome << '\n';
    ran = 0, sum = 0, highest = -2;
  }
};
static_assert(StepObserver<PrintSteps>);

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2 && argc != 3) throw Error("usage: observe MODEL.gguf [SKIP], a SPEC as of ask --skip");
  const auto skip = read_spec<skip::Standard>(argc == 3 ? argv[2] : "static:all=m12-m14", "SKIP");
  const io::ModelFile file(argv[1]);
  const LanguageModel<CpuBackend> model = io::load_model(file, std::make_shared<CpuBackend>());
  const stages::TinyThinker stages{.recall_tokens = 8, .analyze_tokens = 4, .summarize_tokens = 8};
  const Question question{"q1", "Which of these melts first in the sun?", {"a rock", "an ice cube", "a spoon"}};
  Pipeline pipeline(model, skip, early_exit::Never{}, stages, {}, PrintSteps{file.tokenizer().get()});
  static_cast<void>(pipeline.run(question));
  pipeline.observer().end_line("no token kept");
  return 0;
} catch (const std::exception& error) {
  std::cerr << "observe: " << error.what() << "\n";
  return 1;
}
