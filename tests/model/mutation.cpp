// SPDX-License-Identifier: MIT
#include "mutation.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>

namespace model {

namespace {

const char* last_component(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash ? slash + 1 : path;
}

std::vector<std::memory_order> weaker_by_one(op kind, std::memory_order o) {
  using enum std::memory_order;
  switch (o) {
    case seq_cst:
      if (kind == op::load) return {acquire};
      if (kind == op::store) return {release};
      return {acq_rel};
    case acq_rel: return {acquire, release};
    case acquire:
    case consume:
    case release:
      // A fence that is neither acquire nor release does nothing: that is the mutant that drops it.
      if (kind == op::fence) return {};
      return {relaxed};
    default: return {};
  }
}

}  // namespace

const char* name_of(op kind) {
  switch (kind) {
    case op::load: return "load";
    case op::store: return "store";
    case op::exchange: return "exchange";
    case op::fetch: return "fetch_op";
    case op::compare_exchange: return "compare_exchange";
    case op::fence: return "fence";
    case op::light_fence: return "asymmetric_light";
    case op::heavy_fence: return "asymmetric_heavy";
    case op::futex_wait: return "futex_wait";
    case op::futex_wake: return "futex_wake";
    case op::assign: return "assignment";
  }
  return "?";
}

const char* name_of(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed: return "relaxed";
    case std::memory_order_consume: return "consume";
    case std::memory_order_acquire: return "acquire";
    case std::memory_order_release: return "release";
    case std::memory_order_acq_rel: return "acq_rel";
    case std::memory_order_seq_cst: return "seq_cst";
  }
  return "?";
}

std::string mutant::text() const {
  std::string s =
      last_component(path.c_str()) + (":" + std::to_string(line)) + ":" + std::to_string(column) + " " + name_of(kind);
  switch (what) {
    case change::none: break;
    case change::order: s += std::string(" ") + name_of(from) + " -> " + name_of(to); break;
    case change::failure_order: s += std::string(" on failure ") + name_of(from) + " -> " + name_of(to); break;
    case change::drop: s += " left out"; break;
    case change::blind: s += " without comparing"; break;
  }
  return s;
}

namespace {

std::string trimmed_line(const std::string& path, unsigned number) {
  std::ifstream in(path);
  std::string text;
  for (unsigned i = 0; i < number; ++i)
    if (!std::getline(in, text)) return {};
  auto start = text.find_first_not_of(" \t");
  return start == std::string::npos ? std::string() : text.substr(start);
}

}  // namespace

std::string mutant::source() const { return trimmed_line(path, line); }
std::string mutant::context() const { return trimmed_line(path, line - 1) + " / " + source(); }

bool same_place(const mutant& m, const place& where) {
  return m.line == where.line() && m.column == where.column() && m.path == where.file_name();
}

void operation_log::note(op kind, std::memory_order order, std::memory_order failure_order, const place& where) {
  for (const entry& e : entries_)  // cheap comparisons first: this runs at every operation of a logged exploration
    if (e.line == where.line() && e.column == where.column() && e.kind == kind && e.order == order &&
        e.failure_order == failure_order && e.path == where.file_name())
      return;
  entries_.push_back({where.file_name(), where.line(), where.column(), kind, order, failure_order});
}

std::vector<mutant> operation_log::mutants(const std::string& file_name) const {
  using change = mutant::change;
  std::vector<mutant> all;
  for (const entry& e : entries_) {
    if (file_name != last_component(e.path.c_str())) continue;
    mutant m{e.path, e.line, e.column, e.kind, change::none, e.order, e.order};
    auto add = [&](change what, std::memory_order from, std::memory_order to) {
      m.what = what;
      m.from = from;
      m.to = to;
      if (std::find(all.begin(), all.end(), m) == all.end()) all.push_back(m);
    };
    bool has_order = e.kind <= op::fence;
    if (has_order)
      for (auto o : weaker_by_one(e.kind, e.order)) add(change::order, e.order, o);
    if (e.kind == op::compare_exchange) {
      for (auto o : weaker_by_one(op::load, e.failure_order)) add(change::failure_order, e.failure_order, o);
      add(change::blind, e.order, e.order);
    }
    // (A futex_wait may return for no reason, so to leave it out is no bug.)
    if (e.kind == op::store || (e.kind >= op::fence && e.kind != op::futex_wait)) add(change::drop, e.order, e.order);
  }
  return all;
}

}  // namespace model
