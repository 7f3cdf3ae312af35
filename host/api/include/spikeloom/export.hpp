// What libspikeloom.so exports: the declarations of every namespace that is opened with SPIKELOOM_API, as
// those of the public headers are. All else is compiled hidden.
#pragma once

#define SPIKELOOM_API [[gnu::visibility("default")]]
