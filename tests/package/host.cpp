// SPDX-License-Identifier: MIT
// Opens the plugin that it is given, uses it and closes it, three times. No thread of it is left, and neither fork nor
// std::terminate calls what is gone. (What g++ has compiled stays in memory; clang's goes.) Exit status 0: all right.
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

int main(int, char** arguments) {
  for (int i = 0; i < 3; ++i) {
    void* plugin = ::dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!plugin) return std::puts(::dlerror()), 1;
    auto use = reinterpret_cast<int (*)()>(::dlsym(plugin, "use_jay"));
    if (!use || use() != 3) return std::puts("the plugin does not work"), 1;
    if (::dlclose(plugin) != 0) return std::puts(::dlerror()), 1;
    pid_t child = ::fork();
    if (child == 0) std::terminate();
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) return std::printf("std::terminate: status %d\n", status), 1;
  }
}
