// SPDX-License-Identifier: MIT
// What tools/lint must find in a program, and what it must leave alone. Not built: tools/lint reads it, and
// wants exactly the findings that the comments name.
#include <coroutine>
#include <string>
#include <utility>
#include <vector>

template <class T>
struct task {
  struct promise_type {
    task get_return_object();
    std::suspend_always initial_suspend() noexcept;
    std::suspend_always final_suspend() noexcept;
    void unhandled_exception();
    void return_value(T);
  };
  bool await_ready();
  void await_suspend(std::coroutine_handle<>);
  T await_resume();
};

struct aggregate {
  int number;
  std::string text;
};
struct with_constructor {
  with_constructor(int, std::string);
};

task<bool> flag();
task<int> number(int);
task<std::string> text();
task<int> takes_aggregate(aggregate);
task<int> takes_constructed(with_constructor);
task<int> takes_list(std::vector<std::string>);
template <class F>
task<int> call(F f) {
  co_return f();
}

// Wrong.
task<int> if_condition() {
  if (co_await flag()) co_return 1;  // LINT: condition
  co_return 0;
}
task<int> negated_condition() {
  if (!co_await flag()) co_return 1;  // LINT: condition
  co_return 0;
}
task<int> while_condition() {
  while (co_await flag()) co_return 1;  // LINT: condition
  co_return 0;
}
task<int> do_condition() {
  do {
  } while (co_await flag());  // LINT: condition
  co_return 0;
}
task<int> switch_condition() {
  switch (co_await number(1)) {  // LINT: condition
    case 1: co_return 1;
    default: co_return 0;
  }
}
task<int> ternary(bool yes) {
  auto value = yes ? co_await text() : std::string();  // LINT: ternary
  co_return static_cast<int>(value.size());
}
task<int> ternary_inside(bool yes) {
  auto value = co_await (yes ? number(1) : number(2));  // LINT: ternary
  co_return value;
}
task<int> closure_with_captures() {
  std::string name = "x";
  int value = co_await call([name] { return static_cast<int>(name.size()); });  // LINT: closure
  co_return value;
}
template <class T>
task<int> in_a_template(T item) {
  int value = co_await call([item] { return 1; });  // LINT: closure
  co_return value;
}
template task<int> in_a_template(std::string);
task<int> temporary_aggregate() {
  int value = co_await takes_aggregate({1, "x"});  // LINT: braces
  co_return value;
}
task<int> await_in_braces() {
  aggregate value{co_await number(1), "x"};  // LINT: await-in-braces
  co_return value.number;
}
task<int> await_in_array() {
  int values[] = {co_await number(1), co_await number(2)};  // LINT: await-in-braces
  co_return values[0];
}

task<bool> and_in_return(bool found) {
  co_return found && co_await flag();  // LINT: short-circuit
}
task<bool> or_in_return(bool found) {
  co_return found || !co_await flag();  // LINT: short-circuit
}
task<bool> and_in_assignment(bool found) {
  bool gone = false;
  gone = found && co_await flag();  // LINT: short-circuit
  co_return gone;
}
task<int> and_in_argument(bool found) {
  int n = co_await number(found && co_await flag());  // LINT: short-circuit
  co_return n;
}
task<bool> and_in_initialisation(bool found) {
  bool both = found && co_await flag();  // LINT: short-circuit
  co_return both;
}
task<int> and_in_loop(int tries) {
  int i = 0;
  while (i < tries && co_await flag()) ++i;  // LINT: condition
  co_return i;
}
task<int> ternary_of_numbers(bool use) {
  int n = 0;
  n += use ? co_await number(1) : 0;  // LINT: ternary
  co_return n;
}

// Right.
task<int> named_condition() {
  bool yes = co_await flag();
  if (yes) co_return 1;
  co_return 0;
}
task<int> condition_that_declares() {
  while (auto value = co_await number(1)) co_return value;
  co_return 0;
}
task<int> named_closure() {
  std::string name = "x";
  auto size = [name] { return static_cast<int>(name.size()); };
  int value = co_await call(std::move(size));
  co_return value;
}
task<int> captures_that_need_no_destructor() {
  std::string name = "x";
  int count = 1;
  int value = co_await call([&name, count] { return static_cast<int>(name.size()) + count; });
  co_return value;
}
task<int> named_aggregate() {
  aggregate value{1, "x"};
  int result = co_await takes_aggregate(std::move(value));
  co_return result;
}
task<int> constructor_by_braces() {
  int value = co_await takes_constructed({1, "x"});
  co_return value;
}
task<int> scalar_ternary_argument(bool yes) {
  int value = co_await number(yes ? 1 : 2);
  co_return value;
}
task<int> body_of_an_awaited_lambda() {
  int value = co_await [](bool yes) -> task<int> {
    aggregate local{1, "x"};
    std::string text = yes ? "a" : "b";
    if (local.number == 1) co_return static_cast<int>(text.size());
    co_return 0;
  }(true);
  co_return value;
}
