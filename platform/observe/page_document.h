#ifndef RINGWIRE_PLATFORM_OBSERVE_PAGE_DOCUMENT_H_
#define RINGWIRE_PLATFORM_OBSERVE_PAGE_DOCUMENT_H_

#include <string_view>

namespace ringwire::platform {

// The page of `ringwire exporter --page`, one HTML document. deploy/page/embed.py makes it at build
// time from the files beside it.
extern const std::string_view kPageDocument;
// Its Content-Security-Policy: a browser runs the document's own script, fetches from this server
// only, and loads nothing else.
extern const std::string_view kPagePolicy;

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_OBSERVE_PAGE_DOCUMENT_H_
