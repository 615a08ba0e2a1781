// Tasks as programs are given them: by name, or as a file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "litestage/io/files/json.hpp"
#include "litestage/tasks/standard_tasks.hpp"

namespace litestage::cli {

[[nodiscard]] inline bool is_task_file(std::string_view task) {
  return task.ends_with(".json");
}

// `task`: NAME or FILE.json.
[[nodiscard]] inline tasks::TaskFormat read_task(const std::string& task) {
  return is_task_file(task) ? tasks::task_from_form(io::read_json_file(task), task) : tasks::find_task(task);
}

// The name of a task, for the names of output files.
[[nodiscard]] inline std::string task_label(const std::string& task) {
  return is_task_file(task) ? std::filesystem::path(task).stem().string() : task;
}

}  // namespace litestage::cli
