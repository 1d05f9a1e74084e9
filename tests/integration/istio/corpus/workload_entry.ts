/** WorkloadEntries. */
import type { Corpus } from "./port.ts";

/** Documents of WorkloadEntry. */
export const WORKLOAD_ENTRIES: Corpus = {
  apiVersion: "networking.istio.io/v1alpha3",
  kind: "WorkloadEntry",
  specs: [
    "{ address: 10.0.0.1 }",
    "{ address: '2001:db8::1', ports: { http: 8080 }, labels: { app: a }, network: n, locality: eu/a, weight: 3, serviceAccount: s }",
    "{ address: vm.example }",
    "{ address: '' }",
    "{ address: '', network: n }",
    "{ address: 10.0.0.1, ports: { http: 0 } }",
    "{ address: 10.0.0.1, ports: { http: 65536 } }",
    "{ address: 10.0.0.1, ports: { '@': 80 } }",
    "{ address: 'unix:///run/a' }",
    "{ address: 'unix:///run/' }",
    "{ address: 'unix://run' }",
    "{ address: 'unix://@a' }",
    "{ address: 'unix://@a', ports: { http: 80 } }",
    "{ address: 10.0.0.1, labels: { app: 'a b' } }",
    "{ address: 10.0.0.1, labels: { 'a b': app } }",
    "{ address: 'a b' }",
    "{ address: '*.vm.example' }",
    "{ address: 10.0.0.1, labels: { example.com/app: a } }",
    "{ address: 10.0.0.1, labels: { Example.com/app: a } }",
    "{ address: 10.0.0.1, labels: { /app: a } }",
    "{ address: 10.0.0.1, serviceAccount: 'a b' }",
    "{ address: 10.0.0.1, locality: 'a/b/c/d' }",
    "{ address: 10.0.0.1, weight: -1 }",
    "{ address: 10.0.0.1, adress: 10.0.0.2 }",
  ],
};
