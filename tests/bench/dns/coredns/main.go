// CoreDNS with the plugins that the benchmark configures, and no others: those of clouds and clusters take minutes to compile and would
// not be asked.
package main

import (
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/tls"
)

func main() {
	coremain.Run()
}
