// Your own schedule in C++: the model plans, solves and states a word problem. A schedule defines the number of stages,
// the name and maximum length of each, and the prompts of a stage, given the texts of the earlier stages. Schedules
// like this one can also be written as JSON, without a program (docs/stages.md); C++ is for what depends on more than
// texts.
#include <iostream>

#include "litestage/io/open_model.hpp"
#include "litestage/litestage.hpp"

using namespace litestage;

struct PlanSolveState {
  [[nodiscard]] std::size_t size() const { return 3; }
  // `stop`: the texts before which a stage ends.
  [[nodiscard]] StageInfo stage(std::size_t i) const {
    if (i == 0) return {.name = "plan", .max_new_tokens = 48, .stop = {"\n\n"}};
    if (i == 1) return {.name = "solve", .max_new_tokens = 96, .stop = {"\n\n"}};
    return {.name = "state", .max_new_tokens = 16, .stop = {"\n"}};
  }
  // One prompt per parallel branch; here there is one. t.outputs[s][b] is the text of branch b of stage s. The
  // continuation is the beginning of the model's answer.
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& t) const {
    std::vector<Message> talk = {{Role::user, t.question.stem + "\nFirst write a short plan."}};
    if (i >= 1) talk.insert(talk.end(), {{Role::assistant, t.outputs[0][0]}, {Role::user, "Now solve it."}});
    if (i >= 2) talk.insert(talk.end(), {{Role::assistant, t.outputs[1][0]}, {Role::user, "State the result."}});
    return {{.messages = talk, .continuation = i == 2 ? "The result is" : ""}};
  }
};
static_assert(CheckStageSchedule<PlanSolveState>::passed);  // says in words what a schedule lacks

int main(int argc, char** argv) try {
  if (argc != 2) throw Error("usage: custom_schedule MODEL.gguf");
  // Skips two MLPs in the stage that states the result, which needs little reasoning.
  const auto skip = read_spec<skip::Static>("static:state=m7/m9", "skip");
  Pipeline pipeline(io::open_model(argv[1]), skip, early_exit::Never{}, PlanSolveState{});
  const Question question{
      .id = "q1", .stem = "A box holds 6 eggs. How many eggs are in 7 boxes, after 5 of them broke?", .options = {}};
  for (const StageReport& stage : pipeline.run(question).stages) {
    std::cout << stage.name << ", " << stage.generated_tokens << " tokens, ended by " << name(stage.branches[0].stop)
              << "\n  " << shown(stage.branches[0].text, 1000) << "\n";
  }
} catch (const std::exception& error) {
  std::cerr << "custom_schedule: " << error.what() << "\n";
  return 1;
}
