// SPDX-License-Identifier: MIT
// sha256: OpenSSL's digest. Each of its calls can fail, and a failed one must not look like a digest.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace tree_hash {

class sha256 {
 public:
  sha256() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr || EVP_DigestInit_ex(context_, algorithm(), nullptr) != 1) {
      EVP_MD_CTX_free(context_);
      throw std::runtime_error("OpenSSL cannot compute SHA-256 here");
    }
  }
  sha256(const sha256&) = delete;
  ~sha256() { EVP_MD_CTX_free(context_); }

  void update(const void* data, std::size_t n) {
    if (EVP_DigestUpdate(context_, data, n) != 1) throw std::runtime_error("OpenSSL failed in the middle of a digest");
  }
  /// In lower-case hexadecimal. The end: no update after it.
  std::string hex() {
    std::array<unsigned char, 32> digest;
    if (EVP_DigestFinal_ex(context_, digest.data(), nullptr) != 1)
      throw std::runtime_error("OpenSSL failed at the end of a digest");
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * digest.size());
    for (unsigned char b : digest) (text += digits[b >> 4]) += digits[b & 15];
    return text;
  }

 private:
  static const EVP_MD* algorithm() {
    static EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // once: a fetch costs more than a small file
    return fetched;
  }
  EVP_MD_CTX* context_;
};

}  // namespace tree_hash
