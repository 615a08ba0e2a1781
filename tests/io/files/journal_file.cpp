// A journal keeps every record whose `append` returned, reads no half-written record, and is never overwritten.
#include "litestage/io/files/journal_file.hpp"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "common/error_of.hpp"
#include "common/io_scratch.hpp"
#include "common/tiny_model.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/mapped_file.hpp"

using namespace litestage;

namespace {

Form identity() {
  return Form::Map{{"model", Form::Map{{"name", "tiny"}, {"fingerprint", "00ff"}}}, {"counts", Form::List{0, 2, 4}}};
}

// Records of every length up to some pages, so that kills and limits fall within a line.
Form record(std::size_t i) {
  const std::size_t letters = i * 7919 % 13 * (i % 3 == 0 ? 997 : 1);
  return Form::Map{{"i", i}, {"third", static_cast<double>(i) / 3}, {"text", std::string(letters, 'x') + "}\n\""}};
}

// Waits until the journal has so many records.
void fill(const std::string& path, std::size_t records) {
  io::JournalFile journal(path, identity());
  for (std::size_t i = journal.records().size(); i < records; ++i) journal.append(record(i));
}

// Opens the file and counts its records, each of which must be what was written.
std::size_t found(const std::string& path) {
  const io::JournalFile journal(path, identity());
  for (std::size_t i = 0; i < journal.records().size(); ++i) {
    CHECK(journal.records()[i].value == record(i));
    CHECK(journal.records()[i].where == concat(path, ":", i + 2));
  }
  return journal.records().size();
}

std::string failure(const std::string& path, const Form& wanted = identity()) {
  return test::error_of([&] { io::JournalFile(path, wanted); });
}

// Runs `work` in a child process and returns its id; the child ends with code 0 if `work` returns true.
template <class Work>
pid_t child(Work work) {
  const pid_t id = ::fork();
  if (id == 0) {
    bool good = false;
    try {
      good = work();
    } catch (...) {
    }
    ::_exit(good ? 0 : 1);
  }
  REQUIRE(id > 0);
  return id;
}
int status_of(pid_t id) {
  int status = -1;
  REQUIRE(::waitpid(id, &status, 0) == id);
  return status;
}

}  // namespace

TEST_CASE("records come back, and appending goes on behind them") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("journal.jsonl");
  {
    io::JournalFile journal(path, identity());
    CHECK(journal.path() == path);
    CHECK(journal.records().empty());
  }
  CHECK(io::read_file(path) ==
        "{\"fnv1a\":\"c4c4ef8ab0602731\",\"record\":{\"format\":\"litestage.journal/1\",\"identity\":{\"model\":"
        "{\"name\":\"tiny\",\"fingerprint\":\"00ff\"},\"counts\":[0,2,4]}}}\n");
  for (std::size_t n = 0; n < 5; ++n) {
    CHECK(found(path) == n);
    io::JournalFile journal(path, identity());
    CHECK(journal.dropped_bytes() == 0);
    journal.append(record(n));
    CHECK(journal.records().size() == n);  // those of the opening
  }
  CHECK(folder.entries() == 1);
  for (const Form& line : io::parse_json_lines(io::read_file(path), path)) CHECK(line.find("record") != nullptr);
}

TEST_CASE("what cannot be written leaves the journal as it was") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("journal");
  {
    io::JournalFile journal(path, identity());
    CHECK_THROWS_AS(journal.append(std::string(io::max_journal_line, 'x')), AssertionError);
    CHECK(test::error_of([&] { journal.append(1.0 / 0.0); }).find("JSON value $ is inf") == 0);
    journal.append(record(0));
  }
  CHECK(found(path) == 1);
}

TEST_CASE("a last line that is torn at any byte is cut off") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("journal");
  fill(path, 2);
  const std::size_t before = io::read_file(path).size();
  fill(path, 3);
  const std::string text = io::read_file(path);
  for (std::size_t bytes = before + 1; bytes < text.size(); ++bytes) {
    folder.write("journal", text.substr(0, bytes));
    {
      io::JournalFile journal(path, identity());
      CHECK(journal.records().size() == 2);
      CHECK(journal.dropped_bytes() == bytes - before);
      CHECK(io::read_file(path) == text.substr(0, before));
      journal.append(record(2));
    }
    CHECK(io::read_file(path) == text);
  }
}

// A power failure can leave the length of a line without all of its bytes.
TEST_CASE("a last line with a wrong checksum is cut off") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("journal");
  fill(path, 2);
  const std::size_t before = io::read_file(path).size();
  fill(path, 3);
  const std::string text = io::read_file(path);
  for (std::size_t at = before; at + 1 < text.size(); ++at) {
    for (const char byte : {'\0', static_cast<char>(text[at] ^ 1), static_cast<char>(text[at] ^ 32)}) {
      std::string damaged = text;
      damaged[at] = byte;
      folder.write("journal", damaged);
      CHECK(found(path) == 2);
      CHECK(io::read_file(path) == text.substr(0, before));
    }
  }
}

TEST_CASE("a damaged line before the last is an Error with its number, and nothing is changed") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("journal");
  fill(path, 2);
  const std::string text = io::read_file(path);
  const std::size_t line = text.find('\n') + 1, next = text.find('\n', line) + 1;
  const auto refused = [&](const std::string& damaged) {
    folder.write("journal", damaged);
    std::string message = failure(path);
    CHECK(io::read_file(path) == damaged);
    return message;
  };
  const std::string advice =
      ": the line is damaged, its checksum is that of another text; restore the file or choose another one "
      "(--journal FILE)";
  const std::string second_line = path + ":2" + advice;
  for (std::size_t bit = 8 * line; bit < 8 * next; ++bit) {  // the end of the line included
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    CHECK(refused(damaged) == second_line);
  }
  CHECK(refused(text.substr(0, line) + text.substr(next) + text.substr(next)) == path + ":2" + advice);  // taken out
  CHECK(refused(text.substr(0, next) + text.substr(line)) == path + ":3" + advice);                      // put in
  CHECK(refused(text.substr(0, line) + "\n" + text.substr(line)) == path + ":2" + advice);
  for (std::size_t bit = 0; bit + 8 < 8 * line; bit += 5) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    CHECK(refused(damaged) != "no error");
  }
  const std::string endless = text.substr(0, line) + std::string(io::max_journal_line, 'x');
  CHECK(refused(endless) == path + ":2: the line is 16777216 bytes long, expected fewer than 16777216");
}

TEST_CASE("other work's journal is refused with the key that differs") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("journal");
  fill(path, 2);
  const std::string text = io::read_file(path), advice = "; choose another file (--journal FILE) or remove this one";
  const auto differs = [&](const std::string& what) {
    return path + ": is the journal of other work: " + what + advice;
  };
  const Form counts = Form::List{0, 2, 4}, model = Form::Map{{"name", "tiny"}, {"fingerprint", "00ff"}};
  CHECK(failure(path, Form::Map{{"model", Form::Map{{"name", "tiny"}, {"fingerprint", "01ff"}}}, {"counts", counts}}) ==
        differs("model.fingerprint is \"00ff\" there and \"01ff\" here"));
  CHECK(failure(path, Form::Map{{"model", model}, {"counts", Form::List{0, 3, 4}}}) ==
        differs("counts[1] is 2 there and 3 here"));
  CHECK(failure(path, Form::Map{{"model", model}, {"counts", Form::List{0, 2}}}) ==
        differs("counts is [0,2,4] there and [0,2] here"));
  CHECK(failure(path, Form::Map{{"model", model}}) == differs("counts is [0,2,4] there and missing here"));
  CHECK(failure(path, Form::Map{{"model", model}, {"counts", counts}, {"seed", 1}}) ==
        differs("seed is missing there and 1 here"));
  CHECK(failure(path, Form()).find("identity is {\"model\":") != std::string::npos);
  CHECK(failure(path, Form::Map{{"counts", counts}, {"model", model}}) == "no error");  // the order means nothing
  CHECK(io::read_file(path) == text);
}

TEST_CASE("a journal whose identity is an earlier form of the one wanted is continued, and stays as it is") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("journal");
  const Form old = Form::Map{{"model", "00ff"}, {"context", 512}, {"kv", "f16"}};
  { io::JournalFile(path, old).append(record(0)); }
  const Form now = Form::Map{{"model", "xxh3:1"}, {"kv", "f16"}};
  const auto opened = [&](const Form& wanted, const std::vector<io::EarlierKey>& earlier) {
    return test::error_of([&] { io::JournalFile(path, wanted, earlier); });
  };
  const auto differs = [&](const std::string& what) {
    return path + ": is the journal of other work: " + what +
           "; choose another file (--journal FILE) or remove this one";
  };
  const io::EarlierKey model{"model", Form("00ff")}, context{"context"};
  {
    io::JournalFile journal(path, now, {model, context});
    CHECK(journal.identity() == old);
    CHECK(journal.records().size() == 1);
    journal.append(record(1));
  }
  CHECK(io::JournalFile(path, now, {model, context}).records().size() == 2);
  CHECK(io::JournalFile(path, old).records().size() == 2);  // the first line is not written anew
  // What is not an earlier form is refused as ever.
  CHECK(opened(now, {context}) == differs("model is \"00ff\" there and \"xxh3:1\" here"));
  CHECK(opened(now, {{"model", Form("00fe")}, context}) == differs("model is \"00ff\" there and \"xxh3:1\" here"));
  CHECK(opened(now, {model}) == differs("context is 512 there and missing here"));
  CHECK(opened(Form::Map{{"model", "xxh3:1"}, {"kv", "f32"}}, {model, context}) ==
        differs("kv is \"f16\" there and \"f32\" here"));
  CHECK(opened(Form::Map{{"model", "xxh3:1"}, {"kv", "f16"}, {"context", 64}}, {model, context}) ==
        differs("context is 512 there and 64 here"));
  CHECK(opened(Form::Map{{"kv", "f16"}}, {model, context}) == differs("model is \"00ff\" there and missing here"));
  CHECK(io::JournalFile(folder.path("new"), now, {model, context}).identity() == now);
}

TEST_CASE("an identity that is no UTF-8 is known again") {
  const test::ScratchFolder folder;
  const Form odd = Form::Map{{"data", "caf\xe9.jsonl"}};
  for (int time = 0; time < 2; ++time) CHECK(failure(folder.path("journal"), odd) == "no error");
}

TEST_CASE("what is no journal is refused and stays as it is") {
  const test::ScratchFolder folder;
  const auto refused = [&](const std::string& text) {
    const std::string path = folder.write("file", text);
    const std::string message = failure(path);
    CHECK(io::read_file(path) == text);
    return message.substr(path.size());
  };
  const std::string none = ": is no journal, expected a file of format litestage.journal/1 or a new name";
  for (const char* text : {"\n", "x", "{\"id\": 1}\n{\"id\": 2}\n", "{\"fnv1a\":\"x", "{\"fnv1a\":\"\n"}) {
    CHECK(refused(text) == none);
  }
  CHECK(refused(std::string(1, '\0')) == none);
  io::JournalLines other;
  CHECK(refused(other.write(Form::Map{{"format", "litestage.journal/2"}, {"identity", identity()}})) ==
        ":1: format is \"litestage.journal/2\", expected \"litestage.journal/1\"");
  io::JournalLines list;
  CHECK(refused(list.write(Form::List{1})) == ":1 is a list, expected an object");
}

TEST_CASE("an empty file, and one whose creation was cut short, are begun") {
  const test::ScratchFolder folder;
  fill(folder.path("whole"), 0);
  const std::string head = io::read_file(folder.path("whole"));
  for (std::size_t bytes = 0; bytes <= head.size(); ++bytes) {
    const std::string path = folder.write("file", head.substr(0, bytes));
    {
      const io::JournalFile journal(path, identity());
      CHECK(journal.records().empty());
      CHECK(journal.dropped_bytes() == (bytes == head.size() ? 0 : bytes));
    }
    CHECK(io::read_file(path) == head);
  }
}

TEST_CASE("paths that hold no journal") {
  const test::ScratchFolder folder;
  CHECK(failure(folder.path(".")) == folder.path(".") + ": cannot be opened for writing: Is a directory");
  CHECK(failure(folder.path("no/file")) ==
        folder.path("no/file") + ": cannot be opened for writing: No such file or directory");
  const std::string below_file = folder.write("file", "x") + "/a";
  CHECK(failure(below_file) == below_file + ": cannot be opened for writing: Not a directory");
  REQUIRE(::mkfifo(folder.path("pipe").c_str(), 0600) == 0);
  CHECK(failure(folder.path("pipe")) ==
        folder.path("pipe") + ": is a special file, expected a regular file or a new name");
  CHECK(failure("/dev/null") == "/dev/null: is a special file, expected a regular file or a new name");
  REQUIRE(::symlink("loop", folder.path("loop").c_str()) == 0);
  CHECK(failure(folder.path("loop")).find(": cannot be opened for writing: Too many levels") != std::string::npos);
  const std::string huge = folder.write("huge", "x");
  REQUIRE(::truncate(huge.c_str(), off_t{1} << 40) == 0);  // all of it a hole
  CHECK(failure(huge) == huge + ": has 1099511627776 bytes, a journal has at most 1073741824");
  if (::geteuid() != 0) {
    REQUIRE(::chmod(below_file.substr(0, below_file.size() - 2).c_str(), 0444) == 0);
    CHECK(failure(folder.path("file")) == folder.path("file") + ": cannot be opened for writing: Permission denied");
  }
}

TEST_CASE("a link is followed, to a file that exists or not") {
  const test::ScratchFolder folder;
  const std::string target = folder.path("target"), link = folder.path("link");
  REQUIRE(::symlink(target.c_str(), link.c_str()) == 0);
  fill(link, 2);
  CHECK(found(target) == 2);
  fill(folder.path("other"), 1);
  struct stat status = {};
  REQUIRE(::lstat(link.c_str(), &status) == 0);
  CHECK(S_ISLNK(status.st_mode));
}

TEST_CASE("the journal is open once at a time") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("journal");
  const std::string busy = path +
                           ": is in use by other work that has not ended; wait for it or choose another file "
                           "(--journal FILE)";
  {
    io::JournalFile journal(path, identity());
    journal.append(record(0));
    CHECK(failure(path) == busy);
    CHECK(status_of(child([&] { return failure(path) == busy; })) == 0);
    journal.append(record(1));
  }
  CHECK(found(path) == 2);
}

TEST_CASE("kill -9 at any moment loses nothing that append returned for") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("journal");
  void* shared =
      ::mmap(nullptr, sizeof(std::atomic<std::size_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  auto& written = *new (shared) std::atomic<std::size_t>(0);  // how many records append returned for
  test::Random random(3);
  for (int round = 0; round < 60; ++round) {
    const std::size_t target = written + 1 + random.below(6);
    const pid_t id = child([&] {
      io::JournalFile journal(path, identity());
      const std::size_t first = journal.records().size();
      for (std::size_t i = first; i < first + 12; ++i) {  // a busy machine may be slow to kill
        journal.append(record(i));
        written = i + 1;
      }
      ::pause();
      return false;
    });
    while (written < target) std::this_thread::yield();
    for (std::size_t turns = random.below(20000); turns > 0; --turns) static_cast<void>(written.load());
    REQUIRE(::kill(id, SIGKILL) == 0);
    const int status = status_of(id);
    CHECK(WIFSIGNALED(status));
    const std::size_t n = found(path);
    CHECK(n >= written);
    CHECK(n <= written + 1);
    written = n;
  }
  ::munmap(shared, sizeof(std::atomic<std::size_t>));
}

TEST_CASE("a full disk is an Error that keeps what was written") {
  const test::ScratchFolder folder;
  const std::string path = folder.path("journal");
  std::size_t most = 0;
  for (rlim_t limit = 0; limit < 30000; limit += 997) {
    ::unlink(path.c_str());
    const pid_t id = child([&] {
      const struct rlimit small = {limit, limit};  // fails as a full disk does, in the middle of a write
      if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return false;
      const std::string expected =
          path + ": cannot be written: File too large; what it holds is whole, the work can continue from it";
      if (failure(path) == expected) return true;  // no room for the first line
      io::JournalFile journal(path, identity());
      const std::string message = test::error_of([&] {
        for (std::size_t i = 0;; ++i) journal.append(record(i));
      });
      try {
        journal.append(record(0));
      } catch (const AssertionError&) {
        return message == expected;
      }
      return false;
    });
    REQUIRE(status_of(id) == 0);
    CHECK(io::read_file(path).size() <= limit);
    CHECK((io::read_file(path).empty() || io::read_file(path).back() == '\n'));
    const std::size_t n = found(path);
    most = std::max(most, n);
    fill(path, n + 1);
    CHECK(found(path) == n + 1);
  }
  CHECK(most >= 5);
}
