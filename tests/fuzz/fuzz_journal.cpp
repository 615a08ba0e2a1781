// Any bytes as a journal, and a sound journal with any bytes changed: a beginning of what was written, or an Error.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/target.hpp"
#include "litestage/io/files/journal_format.hpp"

namespace {

using litestage::Form;
namespace io = litestage::io;

const Form identity = Form::Map{{"what", "fuzz"}};
const std::vector<Form> records = {Form(), Form::Map{{"i", 1}, {"text", "}\n{\"fnv1a\":\""}}, Form::List{2, 0.5}};

std::string sound_journal() {
  io::JournalLines lines;
  std::string text = lines.write(io::journal_head(identity));
  for (const Form& record : records) text += lines.write(record);
  return text;
}

void read(std::string_view text) {
  const io::JournalText journal = io::parse_journal(text, identity, "fuzz");
  need(journal.whole_bytes <= text.size());
  const io::JournalText again = io::parse_journal(text.substr(0, journal.whole_bytes), identity, "fuzz");
  need(again.whole_bytes == journal.whole_bytes && again.records.size() == journal.records.size());
}

// The bytes are edits of three bytes each: two say where, the third what stands there then.
void read_damaged(const std::uint8_t* data, std::size_t size) {
  const std::string sound = sound_journal();
  std::string text = sound;
  for (std::size_t i = 0; i + 3 <= size; i += 3) {
    text[(data[i] + std::size_t{256} * data[i + 1]) % text.size()] = static_cast<char>(data[i + 2]);
  }
  const io::JournalText journal = io::parse_journal(text, identity, "fuzz");
  need(text.substr(0, journal.whole_bytes) == sound.substr(0, journal.whole_bytes));
  if (size < 6) need(journal.records.size() + 1 >= records.size());  // one edit costs the last line at most
  for (std::size_t i = 0; i < journal.records.size(); ++i) need(journal.records[i].value == records[i]);
}

}  // namespace

void fuzz_journal(const std::uint8_t* data, std::size_t size) {
  try {
    read({reinterpret_cast<const char*>(data), size});
  } catch (const litestage::Error&) {
  }
  try {
    read_damaged(data, size);
  } catch (const litestage::Error&) {
  }
}
