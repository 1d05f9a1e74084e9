/** Documents of one kind for both validations: specs in YAML's short form, by hand, good ones and bad ones. */
export interface Corpus {
  /** `apiVersion` of its documents. */
  readonly apiVersion: string;
  /** Their kind. */
  readonly kind: string;
  /** Their `spec`s. */
  readonly specs: readonly string[];
}
