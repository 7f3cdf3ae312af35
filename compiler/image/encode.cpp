// The image's fields (fields.hpp) as bytes. Numbers are little-endian and of fixed width, lists
// are preceded by their length, a core's tables are the words that the ring carries.
#include <array>
#include <bit>
#include <concepts>
#include <numeric>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/image/container.hpp"
#include "compiler/image/fields.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {
namespace {

using image_fields::Field;

class Writer {
 public:
  template <class... T>
  void operator()(const Field<T>&... members) {
    (item(members.value), ...);
  }
  template <class... T>
  void operator()(const T&... items) {
    (item(items), ...);
  }
  std::vector<std::uint8_t> bytes;

 private:
  void number(std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  template <class T>
  void item(const T& value) {
    if constexpr (std::same_as<T, bool> || std::is_enum_v<T>)
      number(static_cast<std::uint64_t>(value), 1);
    else if constexpr (std::integral<T>)
      number(static_cast<std::uint64_t>(value), sizeof(T));
    else if constexpr (std::same_as<T, double>)
      number(std::bit_cast<std::uint64_t>(value), 8);
    else
      image_fields::fields(*this, value);
  }
  template <class Tag>
  void item(const Id<Tag>& id) {
    item(id.value);
  }
  void item(const Ratio& ratio) { (*this)(ratio.num(), ratio.den()); }
  void item(PromiseKind kind) { item(std::string(name_of(kind))); }
  void item(const std::string& text) { item(std::vector<std::uint8_t>(text.begin(), text.end())); }
  template <class T>
  void item(const std::optional<T>& value) {
    item(value.has_value());
    if (value) item(*value);
  }
  template <class A, class B>
  void item(const std::pair<A, B>& value) {
    (*this)(value.first, value.second);
  }
  template <class T>
  void item(const std::vector<T>& items) {
    number(items.size(), 8);
    list(items);
  }
  template <class T, std::size_t N>
  void item(const std::array<T, N>& items) {
    list(items);
  }
  template <class List>
  void list(const List& items) {
    for (const auto& one : items) item(one);
  }
};

class Reader {
 public:
  Reader(const std::vector<std::uint8_t>& bytes, const std::string& name) : bytes_(bytes), name_(name) {}
  template <class... T>
  void operator()(const Field<T>&... members) {
    (item(members.value), ...);
  }
  template <class... T>
  void operator()(T&... items) {
    (item(items), ...);
  }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }
  [[noreturn]] void malformed(const std::string& what) const {
    throw input_error(name_ + ": malformed image, byte " + std::to_string(at_) + ": " + what +
                      "; compile the network again");
  }

 private:
  std::uint64_t number(std::size_t size) {
    if (bytes_.size() - at_ < size) malformed("ends too early");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{bytes_[at_ + i]} << (8 * i);
    at_ += size;
    return value;
  }
  template <class T>
  void item(T& value) {
    if constexpr (std::same_as<T, bool> || std::is_enum_v<T>) {
      const std::uint64_t raw = number(1);
      if (raw > 1) malformed("expected 0 or 1");
      value = static_cast<T>(raw);
    } else if constexpr (std::integral<T>) {
      value = static_cast<T>(number(sizeof(T)));
    } else if constexpr (std::same_as<T, double>) {
      value = std::bit_cast<double>(number(8));
      if (!(value - value == 0)) malformed("a number that is not finite");
    } else {
      image_fields::fields(*this, value);
    }
  }
  template <class Tag>
  void item(Id<Tag>& id) {
    item(id.value);
  }
  void item(Ratio& ratio) {
    std::int64_t num = 0, den = 0;
    (*this)(num, den);
    if (num < 0 || den < 1 || std::gcd(num, den) != 1)
      malformed("expected a ratio of at least 0 in lowest terms");
    ratio = Ratio(num, den);
  }
  void item(PromiseKind& kind) {
    std::string name;
    item(name);
    for (const PromiseKind known :
         {PromiseKind::kGuaranteed, PromiseKind::kSampled, PromiseKind::kContracted}) {
      if (name != name_of(known)) continue;
      kind = known;
      return;
    }
    malformed("expected a promise named guaranteed, sampled or contracted");
  }
  void item(std::string& text) {
    std::vector<std::uint8_t> raw;
    item(raw);
    text.assign(raw.begin(), raw.end());
  }
  template <class T>
  void item(std::optional<T>& value) {
    bool there = false;
    item(there);
    value.reset();
    if (there) item(value.emplace());
  }
  template <class A, class B>
  void item(std::pair<A, B>& value) {
    (*this)(value.first, value.second);
  }
  template <class T>
  void item(std::vector<T>& items) {
    const std::uint64_t count = number(8);
    if (count > bytes_.size() - at_) malformed("a list longer than the file");
    items.clear();
    for (std::uint64_t i = 0; i < count; ++i) item(items.emplace_back());
  }
  template <class T, std::size_t N>
  void item(std::array<T, N>& items) {
    for (T& one : items) item(one);
  }

  const std::vector<std::uint8_t>& bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
};

/// The chip's text without what the text cannot hold exactly: the name may hold quotes, the clock is a
/// double.
std::string chip_text(Chip chip) {
  chip.name = "chip";
  chip.clock_mhz = 1;
  return print(chip);
}

void check_json(const Reader& reader, const std::string& text, const std::string& what) {
  const nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
  if (!value.is_object()) reader.malformed(what + " is not a JSON object");
}

}  // namespace

std::vector<std::uint8_t> encode(const Image& image) {
  Writer writer;
  writer(image.chip.name, image.chip.clock_mhz, chip_text(image.chip));
  image_fields::fields(writer, image);
  return seal(writer.bytes);
}

Image decode(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  const std::vector<std::uint8_t> payload = unseal(bytes, name);
  Reader reader(payload, name);
  Image image;
  std::string chip_name, text;
  double clock = 0;
  reader(chip_name, clock, text);
  image.chip = parse_chip(text, name + ": chip");
  image.chip.name = chip_name;
  image.chip.clock_mhz = clock;
  image_fields::fields(reader, image);
  if (!reader.at_end()) reader.malformed("more than an image");
  check_json(reader, image.metadata, "metadata");
  check_json(reader, image.application.options, "options");
  for (const Promise& promise : image.promises) check_json(reader, promise.detail, "a promise's detail");
  Problems problems;
  for (const std::string& fault : check(image)) problems.add(fault);
  problems.throw_if_any(name + ": malformed image");
  if (encode(image) != bytes) reader.malformed("not in the form that the compiler writes");
  return image;
}

}  // namespace spikeloom
