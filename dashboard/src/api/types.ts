/** What the node's API replies with; docs/api.md says what each means. */

export interface Status {
  version: string;
  node_id: string;
  name: string;
  state: string;
  started_at: string;
  uptime_s: number;
  endpoint: string;
  data_dir: string;
  config_file: string | null;
  requests: { active: number; queued: number; total: number; failed: number };
  tokens: { prompt: number; completion: number };
  slots: { used: number; total: number };
  relays: { total: number; online: number };
  models: number;
  keys: number;
  links: { listening: string | null; provider: string | null; problem: string | null; addresses: string[]; networks: number; peers_linked: number; peers_known: number };
}

export interface LoadSample {
  at: string;
  requests: number;
  failed: number;
  prompt_tokens: number;
  completion_tokens: number;
  active: number;
  queued: number;
  ttft_ms: number | null;
  earned: number;
  spent: number;
}

export interface History {
  interval_s: number;
  samples: LoadSample[];
}

export interface RequestRecord {
  id: string;
  model: string;
  route: string | null;
  status: number;
  state: string;
  attempts: number;
  started_at: string;
  queue_ms: number;
  ttft_ms: number | null;
  duration_ms: number;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  error: string | null;
  is_model_known: boolean;
}

export interface RequestFigures {
  name: string;
  requests: number;
  failed: number;
  ttft_p50_ms: number | null;
  ttft_p99_ms: number | null;
  duration_p50_ms: number | null;
  duration_p99_ms: number | null;
  tokens_per_second: number | null;
  completion_tokens: number;
}

export interface Requests {
  active: RequestRecord[];
  recent: RequestRecord[];
  by_model: RequestFigures[];
  by_route: RequestFigures[];
  /** Requests for names that no model here has. */
  unknown_models: number;
}

export interface Relay {
  url: string;
  name: string;
  online: boolean;
  healthy: boolean;
  models: string[];
  model_count: number;
  max_concurrent: number;
  in_flight: number;
  has_key: boolean;
  source: string;
  latency_ms: number | null;
  last_error: string | null;
  last_poll_at: string | null;
}

export interface LocalModel {
  name: string;
  path: string;
  file_bytes: number | null;
  state: string;
  progress: number;
  error: string | null;
  source: string;
  parameters: number | null;
  quantization: string | null;
  context_train: number | null;
  tags: string[];
  embedding: boolean;
  context: number | null;
  slots: number | null;
  in_flight: number;
  estimated_bytes: number | null;
  process_bytes: number | null;
  device: string | null;
  tokens_per_second: number | null;
  pull: { id: string; received_bytes: number; total_bytes: number | null; bytes_per_second: number; eta_s: number | null } | null;
  memory?: ModelMemory;
}

export interface ModelMemory {
  fits: boolean;
  context: number;
  slots: number;
  weight_bytes: number;
  cache_bytes: number;
  compute_bytes: number;
  output_bytes: number;
  total_bytes: number;
  budget_bytes: number;
}

export interface Pull {
  id: string;
  source: string;
  name: string;
  state: string;
  received_bytes: number;
  total_bytes: number | null;
  bytes_per_second: number;
  eta_s: number | null;
  error: { code: string; message: string } | null;
}

export interface Recommended {
  budget_bytes: number;
  models: {
    name: string;
    source: string;
    purpose: string;
    file_bytes: number;
    parameters: number;
    quantization: string;
    context_train: number;
    licence: string;
    fits: boolean;
    context: number;
    needed_bytes: number;
    pulled: boolean;
  }[];
}

export interface HubRepository {
  id: string;
  downloads: number;
  likes: number;
  updated_at: string | null;
  gated: boolean;
}

export interface HubFiles {
  id: string;
  budget_bytes: number;
  files: { path: string; bytes: number; source: string }[];
}

export interface Network {
  id: string;
  name: string;
  public: boolean;
  is_root: boolean;
  may_invite: boolean;
  models: string[] | null;
  credit_line: number;
  member_since: string | null;
  expires_at: string | null;
  peers_linked: number;
  peers_known: number;
}

export interface Peer {
  id: string;
  name: string;
  route: string | null;
  account: string;
  own: boolean;
  networks: string[];
  linked: boolean;
  carrier: string | null;
  address: string | null;
  direction: string | null;
  since: string | null;
  round_trip_ms: number | null;
  models: string[];
  prices: Record<string, string>;
  slots: number;
  free_slots: number;
  version: string | null;
  last_seen: string | null;
  last_error: string | null;
  /** 0 to 1, by all answers that were seen of it. */
  reliability: number | null;
}

export interface Invite {
  id: string;
  network: string;
  label: string;
  uses: number;
  used: number;
  created_at: string;
  expires_at: string;
  state: string;
  terms: { may_invite: boolean; models: string[] | null; credit_line: number };
  token?: string;
}

export interface FleetNode {
  id: string;
  name: string;
  this: boolean;
  linked: boolean;
  carrier: string | null;
  address: string | null;
  round_trip_ms: number | null;
  models: string[];
  slots: number;
  free_slots: number;
  version: string | null;
  last_seen: string | null;
  last_error: string | null;
}

export interface NetworkCredit {
  id: string;
  name: string;
  sentence: string;
  balance: number;
  line: number;
  available: number;
  reserved: number;
  earned: number;
  used: number;
  earned_pending: number;
  used_pending: number;
  refused: boolean;
  standing_at: string | null;
  clears_here: boolean;
  ledger_reached: boolean;
  tabs: { account: string; names: string[]; earned: number; used: number; earned_pending: number; used_pending: number }[];
}

export interface Credits {
  sentence: string;
  networks: NetworkCredit[];
}

export interface Receipt {
  id: string;
  network: string;
  side: string;
  state: string;
  account: string;
  peer: string;
  name: string | null;
  model: string;
  prompt_tokens: number;
  completion_tokens: number;
  amount: number;
  claimed: number;
  key: string | null;
  at: string;
  entry: number | null;
  reason: string | null;
}

/** What a check of one receipt found. */
export interface ReceiptCheck {
  holds: boolean;
  settled: boolean;
  checks: { check: string; result: "holds" | "wrong" | "missing"; problem: string | null }[];
}

export interface LogEntry {
  ts: string;
  level: string;
  category: string;
  event?: string;
  message: string;
  [field: string]: unknown;
}

export interface ConfigValue {
  key: string;
  value: unknown;
  source: string;
  line: number | null;
  name: string | null;
}

export interface AccessKey {
  id: string;
  name: string;
  scope: string;
  prefix: string;
  created_at: string;
  concurrent: number | null;
  rate: string | null;
  budget: string | null;
  secret?: string;
}

/** The parts of the event stream, by the names of their events. */
export interface Sections {
  status: Status;
  load: LoadSample;
  history: History;
  requests: Requests;
  relays: { relays: Relay[] };
  models: { models: LocalModel[] };
  pulls: { pulls: Pull[] };
  networks: { networks: Network[] };
  peers: { peers: Peer[] };
  credits: Credits;
}
