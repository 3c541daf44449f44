create table conversions (
  id text primary key,
  -- Of the training run that led here; null where somebody brought the model.
  run text,
  model text,
  -- Either a proof and the graph it is about, or the reason why there is none.
  proof jsonb,
  onnx jsonb,
  reason text,
  at timestamptz not null default now(),
  check ((proof is null) = (onnx is null) and (proof is null) = (reason is not null))
);
