// The frames between XRT's emulation shim and the device server: a header, then a message.
#include "host/emulation/rpc.hpp"

#include "tests/fuzz/target.hpp"

FUZZ_TARGET(rpc) {
  using namespace emulation;
  if (bytes.size() < kRequestHeader) return;
  const auto header = accepted([&] { return read_request_header(bytes.first<kRequestHeader>()); });
  const auto message = accepted([&] { return MessageReader(bytes.subspan(kRequestHeader)); });
  if (!header || !message) return;
  for (std::uint32_t field = 0; field < 8; ++field) {
    static_cast<void>(message->number_or(field, 0));
    const auto text = accepted([&] { return message->bytes(field); });
    if (!text || text->empty()) continue;
    require(text->data() >= bytes.data() && text->data() + text->size() <= bytes.data() + bytes.size(),
            "a field lies within its message");
  }
}
