#include "compiler/base/json_keys.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

namespace spikeloom {
namespace {

using Json = nlohmann::json;

/// Hears every key of a text, in order, and stops at the first that its object has had.
class Keys final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override {
    open_.emplace_back();
    return true;
  }
  bool key(string_t& name) override {
    if (open_.back().insert(name).second) return true;
    twice_ = name;
    return false;
  }
  bool end_object() override {
    open_.pop_back();
    return true;
  }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  [[nodiscard]] std::optional<std::string> twice() && { return std::move(twice_); }

 private:
  std::vector<std::set<std::string>> open_;  ///< keys of the objects that the parser is in
  std::optional<std::string> twice_;
};

}  // namespace

std::optional<std::string> repeated_json_key(std::string_view text) {
  Keys keys;
  (void)Json::sax_parse(text, &keys);
  return std::move(keys).twice();
}

}  // namespace spikeloom
