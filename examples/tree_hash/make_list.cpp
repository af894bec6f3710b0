// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include <jay/jay.hpp>

#include "hasher.hpp"
#include "jobs.hpp"
#include "list_file.hpp"
#include "list_line.hpp"
#include "walk.hpp"

namespace tree_hash {
namespace {

struct operands {
  std::vector<std::string> directories;
  std::vector<found> files;
  bool failed = false;  // some cannot be used
};

/// What each is, before any work: a name that is not there must not cost an hour, or the old list.
operands look_at(const std::vector<std::string>& paths, const exclusion& without, console& out) {
  operands all;
  for (std::string path : paths) {
    while (path.size() > 1 && path.back() == '/' && path[path.size() - 2] == '/') path.pop_back();
    std::string why;
    struct stat s;
    if (path == "-") {
      why = "standard input is no tree; a directory of that name is ./-";
    } else if (::stat(path.c_str(), &s) != 0) {
      why = std::strerror(errno);
    } else if (S_ISDIR(s.st_mode)) {
      if (::faccessat(AT_FDCWD, path.c_str(), R_OK | X_OK, AT_EACCESS) != 0) why = std::strerror(errno);
      while (path.size() > 1 && path.back() == '/') path.pop_back();
      all.directories.push_back(path);
    } else if (S_ISREG(s.st_mode)) {
      const auto [directory, name] = split(followed(path));
      struct stat d;
      if (::stat(directory.c_str(), &d) != 0) why = std::strerror(errno);
      else if (!without.covers({d.st_dev, d.st_ino}, name, {s.st_dev, s.st_ino}))
        all.files.push_back({path, static_cast<std::uint64_t>(s.st_size), true, 0});
    } else {
      why = "neither a directory nor a regular file";
    }
    if (why.empty()) continue;
    out.complain(shown(path) + ": " + why);
    all.failed = true;
  }
  return all;
}

struct tree {
  std::vector<digest> digests;  // those that failed have been complained of, and are not here
  std::size_t failures = 0;
  bool start_failed = false;
  std::string summary;
};

/// Digests of all files, sorted by path.
jay::task<tree> hash_all(operands from, exclusion without, const options& o, console& out) {
  tree result;
  std::mutex mutex;  // of result; held for a moment, never across an await
  progress count;
  auto take = [&](digest d) {
    if (!d.error.empty()) out.complain(shown(d.path) + ": " + d.error);
    std::lock_guard guard(mutex);
    if (d.error.empty()) result.digests.push_back(std::move(d));
    else ++result.failures;
  };
  hasher below(count, links::refused, take), given(count, links::followed, take);

  auto work = [&](jay::task_group& group) -> jay::task<> {
    auto hash = [&](std::vector<found> files) { return below.take(group, std::move(files)); };
    walker walking(out, count, std::move(without), hash, o.warn);
    auto walk = [&](jay::task_group& walks) -> jay::task<> {
      for (const std::string& directory : from.directories) walking.start(walks, directory);
      for (const found& f : from.files) count.found(f.size);
      count.end_listing();
      jay::task<> hashing = given.take(group, std::move(from.files));
      co_await std::move(hashing);
    };
    co_await jay::with_task_group(walk);
    std::lock_guard guard(mutex);
    result.failures += walking.failures();
    result.start_failed = walking.start_failed();
    result.summary = walking.left_out_text();
  };
  auto reporter = o.progress && ::isatty(STDERR_FILENO) ? jay::create_task(count.show(out)) : jay::task_handle<>();
  co_await jay::with_task_group(work);
  if (reporter) {
    reporter.cancel();
    out.draw(count.line());
  }
  std::sort(result.digests.begin(), result.digests.end(), [](const digest& a, const digest& b) { return a.path < b.path; });
  result.summary = count.summary() + (result.summary.empty() ? "" : "; left out: " + result.summary);
  co_return result;
}

}  // namespace

int make_list(const options& o, console& out) {
  std::optional<list_file> list;
  if (o.output && *o.output != "-") list.emplace(*o.output);
  exclusion without;
  if (list) without.list = list->place();
  if (!without.list)
    if (std::optional<identity> output = regular_file(STDOUT_FILENO)) without.files.push_back(*output);
  operands from = look_at(o.operands, without, out);
  if (from.failed && list) {
    out.complain(shown(*o.output) + ": not written");
    return failed;
  }
  bool incomplete = from.failed;

  tree hashed = jay::run(hash_all(std::move(from), std::move(without), o, out));
  out.erase();
  if (hashed.start_failed && list) {
    out.complain(shown(*o.output) + ": not written");
    return failed;
  }
  std::string text;
  for (const digest& d : hashed.digests) text += format_line(d.path, d.hex, o.form);
  if (list) list->replace(text);
  else out.print(text);
  if (hashed.failures != 0) {
    out.complain("not everything could be read: the list is not of the whole tree");
    incomplete = true;
  }
  if (o.progress) out.tell(hashed.summary + "\n");
  return incomplete ? failed : all_right;
}

}  // namespace tree_hash
