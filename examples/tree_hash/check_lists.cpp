// SPDX-License-Identifier: MIT
// What sha256sum -c says, in its words and its order; and with a DIR, what is in no list.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include <jay/jay.hpp>

#include "hasher.hpp"
#include "jobs.hpp"
#include "list_line.hpp"
#include "walk.hpp"

namespace tree_hash {
namespace {

struct line {
  std::size_t number = 0;
  std::optional<checksum> expected;  // nothing: improperly formatted
};

struct list_text {
  std::string text;
  std::optional<identity> file;
  int error = 0;
};

/// Blocks.
list_text read_list(std::string path) {
  list_text l;
  int fd = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return {{}, {}, errno};
  l.file = regular_file(fd);
  std::vector<char> buffer(1 << 16);
  for (;;) {
    ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) l.error = errno;
    if (n <= 0) break;
    l.text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  if (fd != STDIN_FILENO) ::close(fd);
  return l;
}

/// Blocks. What is no regular file, or cannot be looked at, is for whoever reads it.
std::vector<found> look_at(std::vector<found> files) {
  for (found& f : files) {
    struct stat s;
    if (f.path == "-") f.regular = false;
    if (f.path == "-" || ::stat(f.path.c_str(), &s) != 0) continue;
    f.regular = S_ISREG(s.st_mode);
    if (f.regular) f.size = static_cast<std::uint64_t>(s.st_size);
  }
  return files;
}

std::string count_of(std::size_t n, const char* one, const char* more) {
  return std::to_string(n) + " " + (n == 1 ? one : more);
}

/// The same for the same file, however its path is written; ".." is left as it is, a symbolic link may stand before it.
std::string plain(const std::string& path) {
  std::string absolute = std::filesystem::absolute(path), result;
  for (std::size_t at = 0; at < absolute.size();) {
    std::size_t end = std::min(absolute.find('/', at), absolute.size());
    std::string part = absolute.substr(at, end - at);
    if (!part.empty() && part != ".") result += "/" + part;
    at = end + 1;
  }
  return result;
}

class checker {
 public:
  checker(const options& o, console& out) : options_(o), console_(out) {}

  jay::task<bool> run(std::vector<std::string> lists, std::vector<std::string> directories) {
    auto reporter =
        options_.progress && ::isatty(STDERR_FILENO) ? jay::create_task(count_.show(console_)) : jay::task_handle<>();
    count_.begin_listing(lists.size());  // the whole is known when all of them are read
    count_.end_listing();                // the operands
    want_unlisted_ = !directories.empty();
    bool good = true;
    for (const std::string& list : lists) {
      bool all_right = co_await check(list);
      good = good && all_right;
    }
    if (want_unlisted_ && all_read_) {
      bool all_listed = co_await find_unlisted(std::move(directories));
      good = good && all_listed;
    }
    if (reporter) reporter.cancel();
    co_return good;
  }
  std::string summary() const { return count_.summary(); }

 private:
  struct counts {
    std::size_t improper = 0, proper = 0, unreadable = 0, different = 0, equal = 0;
  };

  jay::task<bool> check(std::string path) {
    const std::string name = path == "-" ? "'standard input'" : shown(path);
    list_text list = co_await jay::to_thread(read_list, path);
    if (list.error != 0) {
      console_.complain(name + ": " + std::strerror(list.error));
      all_read_ = false;
      count_.end_listing();
      co_return false;
    }
    if (list.file) lists_.push_back(*list.file);
    const std::vector<line> lines = parse(list.text, path == "-");
    std::vector<found> files;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].expected) continue;
      files.push_back({lines[i].expected->name, 0, true, i});
      if (want_unlisted_) listed_.insert(plain(lines[i].expected->name));
    }
    counts n;
    jay::queue<digest> ready;
    hasher hashing(count_, links::followed, [&](digest d) { ready.put_nowait(std::move(d)); });
    auto work = [&](jay::task_group& group) -> jay::task<> {
      group.create_task(report(lines, ready, name, n));
      std::vector<jay::task<std::vector<found>>> looking;
      for (auto from = files.begin(); from != files.end();) {
        auto to = files.end() - from > 1024 ? from + 1024 : files.end();
        std::vector<found> some(std::make_move_iterator(from), std::make_move_iterator(to));
        looking.push_back(jay::to_thread(look_at, std::move(some)));
        from = to;
      }
      std::vector<std::vector<found>> looked_at = co_await jay::gather(std::move(looking));
      files.clear();
      for (auto& some : looked_at) std::move(some.begin(), some.end(), std::back_inserter(files));
      for (const found& f : files) count_.found(f.size);
      count_.end_listing();
      jay::task<> taking = hashing.take(group, std::move(files));
      co_await std::move(taking);
    };
    co_await jay::with_task_group(work);
    co_return conclude(name, n);
  }

  std::vector<line> parse(std::string_view text, bool is_input) {
    std::vector<line> lines;
    for (std::size_t number = 1; !text.empty(); ++number) {
      std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view one = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (one.starts_with('#')) continue;
      if (one.ends_with('\r')) one.remove_suffix(1);
      if (one.empty()) continue;
      line l{number, parser_.parse(one)};
      // The list cannot be read from where a file is.
      if (is_input && l.expected && l.expected->name == "-") l.expected.reset();
      lines.push_back(std::move(l));
    }
    return lines;
  }

  /// One result after the other, in the order of the lines.
  jay::task<> report(const std::vector<line>& lines, jay::queue<digest>& ready, std::string list, counts& n) {
    const bool at_once = ::isatty(STDOUT_FILENO) != 0;
    std::map<std::size_t, digest> early;  // results whose turn has not come
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].expected) {
        ++n.improper;
        if (options_.warn)
          console_.complain(list + ": " + std::to_string(lines[i].number) + ": improperly formatted SHA256 checksum line");
        continue;
      }
      ++n.proper;
      while (!early.contains(i)) {
        if (text.size() > 32'000 || (at_once && !text.empty() && ready.empty())) {
          jay::task<> printing = print(std::exchange(text, {}));
          co_await std::move(printing);
        }
        digest next = co_await ready.get();
        std::size_t index = next.index;
        early.emplace(index, std::move(next));
      }
      text += verdict(*lines[i].expected, early.at(i), n);
      early.erase(i);
    }
    jay::task<> printing = print(std::move(text));
    co_await std::move(printing);
  }

  /// Not on a worker: it blocks while nobody reads what is printed.
  jay::task<> print(std::string text) {
    auto call = [&out = console_](const std::string& t) { out.print(t); };
    co_await jay::to_thread(call, std::move(text));
  }

  std::string verdict(const checksum& expected, const digest& d, counts& n) {
    const char* word;
    if (!d.error.empty()) {
      if (d.missing && options_.ignore_missing) return {};
      console_.complain(shown(d.path) + ": " + d.error);
      ++n.unreadable;
      word = "FAILED open or read";
    } else if (d.hex != expected.hex) {
      ++n.different;
      word = "FAILED";
    } else {
      ++n.equal;
      if (options_.quiet) return {};
      word = "OK";
    }
    return result_line(expected.name, word);
  }

  std::string result_line(const std::string& name, const char* word) const {
    if (options_.status) return {};
    bool escape = name.find('\n') != name.npos;
    return (escape ? "\\" + escaped(name) : name) + ": " + word + "\n";
  }

  bool conclude(const std::string& list, const counts& n) {
    auto warn = [&](std::size_t count, const char* one, const char* more) {
      if (count != 0 && !options_.status) console_.complain("WARNING: " + count_of(count, one, more));
    };
    if (n.proper == 0) {
      console_.complain(list + ": no properly formatted checksum lines found");
      return false;
    }
    warn(n.improper, "line is improperly formatted", "lines are improperly formatted");
    warn(n.unreadable, "listed file could not be read", "listed files could not be read");
    warn(n.different, "computed checksum did NOT match", "computed checksums did NOT match");
    if (options_.ignore_missing && n.equal == 0 && !options_.status) console_.complain(list + ": no file was verified");
    return n.equal != 0 && n.unreadable == 0 && n.different == 0 && (!options_.strict || n.improper == 0);
  }

  jay::task<bool> find_unlisted(std::vector<std::string> directories) {
    std::vector<std::string> unlisted;
    std::mutex mutex;  // of unlisted; held for a moment
    exclusion without{{}, lists_};
    if (std::optional<identity> output = regular_file(STDOUT_FILENO)) without.files.push_back(*output);
    auto take = [&](std::vector<found> files) -> jay::task<> {
      std::lock_guard guard(mutex);
      for (found& f : files)
        if (!listed_.contains(plain(f.path))) unlisted.push_back(std::move(f.path));
      co_return;
    };
    progress uncounted;  // these files are not read
    walker walking(console_, uncounted, std::move(without), take, false);
    auto walk = [&](jay::task_group& group) -> jay::task<> {
      for (const std::string& directory : directories) walking.start(group, directory);
      co_return;
    };
    co_await jay::with_task_group(walk);
    std::sort(unlisted.begin(), unlisted.end());
    std::string text;
    for (const std::string& path : unlisted) text += result_line(path, "NOT LISTED");
    jay::task<> printing = print(std::move(text));
    co_await std::move(printing);
    if (!unlisted.empty() && !options_.status)
      console_.complain("WARNING: " + count_of(unlisted.size(), "file is in no list", "files are in no list"));
    co_return unlisted.empty() && walking.failures() == 0;
  }

  const options& options_;
  console& console_;
  progress count_;
  line_parser parser_;  // one for all lists, as in sha256sum
  std::vector<identity> lists_;
  std::set<std::string> listed_;
  bool want_unlisted_ = false;
  bool all_read_ = true;
};

}  // namespace

int check_lists(const options& o, console& out) {
  std::vector<std::string> lists, directories;
  for (const std::string& operand : o.operands) {
    struct stat s;
    bool is_directory = operand != "-" && ::stat(operand.c_str(), &s) == 0 && S_ISDIR(s.st_mode);
    (is_directory ? directories : lists).push_back(operand);
  }
  if (lists.empty() && !directories.empty()) {
    out.complain(shown(directories.front()) + " is a directory: give the list too, or - for standard input");
    return wrong_use;
  }
  if (lists.empty()) lists.push_back("-");
  checker check(o, out);
  bool good = jay::run(check.run(std::move(lists), std::move(directories)));
  out.erase();
  if (o.progress) out.tell(check.summary() + "\n");
  return good ? all_right : failed;
}

}  // namespace tree_hash
